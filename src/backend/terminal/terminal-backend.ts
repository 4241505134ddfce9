import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import path from 'node:path';
import { systemClock } from '../../clock.ts';
import { ConduxtError, unavailable } from '../../errors.ts';
import { screenState } from '../../agents/terminal/screen-state.ts';
import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { SESSION_MARKER } from '../../process/marker.ts';
import type { HookFacts } from '../../permission/pre-tool-use.ts';
import type { PermissionMode } from '../../session/words.ts';
import { supervisorProgram } from '../../tmux/programs.ts';
import {
  makeRunDirectory,
  readJson,
  readStarted,
  replaceJson,
  runDirectory,
  writeLaunch,
  type RunDirectory,
} from '../../tmux/run-directory.ts';
import type { TmuxServer } from '../../tmux/server.ts';
import { requireTmux } from '../../tmux/version.ts';
import type { AgentListener, AgentSession, Backend, OpenSpec } from '../backend.ts';
import { agentArguments } from './agent-arguments.ts';
import { Pane } from './pane.ts';
import { TerminalSession } from './terminal-session.ts';

/** Wide enough for most lines of a callback, and as tall as a big screen: what scrolls off an alternate one is lost. */
export const PANE_SIZE = { width: 220, height: 60 } as const;
const SUPERVISOR_TIMEOUT_MS = 10_000;
const SUPERVISOR_PAUSE_MS = 10;

/** Where and as what one session's agent runs in a terminal. */
export interface TerminalPlace {
  readonly server: TmuxServer;
  /** For finding tmux. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory of the session's runs. */
  readonly runRoot: string;
  readonly sessionName: string;
  readonly profile: TerminalProfile;
  readonly permissions: PermissionMode;
  readonly agentVersion: string | null;
  /** What the agent's hook before a tool decides by; null: it only tells. */
  readonly hookFacts: HookFacts | null;
}

/** Agents in panes of a private tmux server. They outlive their host: the next one adopts them. */
export function terminalBackend(place: TerminalPlace): Backend {
  return {
    name: 'tmux',
    open: (spec, listener) => open(place, spec, listener),
    adopt: async (spec, listener) => {
      const pane = await Pane.living(place.server, place.runRoot);
      return pane === null ? null : sessionIn(place, pane, 'resumed', spec, listener);
    },
    listens: async () => {
      const look = await (await Pane.living(place.server, place.runRoot))?.look();
      if (look === null || look === undefined) return false;
      return screenState(place.profile.screen, { title: look.facts.title, screen: look.screen }).type === 'ready';
    },
  };
}

async function open(place: TerminalPlace, spec: OpenSpec, listener: AgentListener): Promise<AgentSession> {
  // One that waits at a dialog is living: whoever answered it wants that one to go on.
  const living = await Pane.living(place.server, place.runRoot);
  const session =
    living === null
      ? await start(place, spec, listener)
      : sessionIn(place, living, spec.resume === null ? 'new' : 'resumed', spec, listener);
  await session.untilReady(spec.startTimeoutMs);
  return session;
}

async function start(place: TerminalPlace, spec: OpenSpec, listener: AgentListener): Promise<TerminalSession> {
  const { server, profile } = place;
  await requireTmux(place.env);
  const conversation = conversationFor(place, spec);
  const run = makeRunDirectory(place.runRoot);
  const { permissions } = place;
  const version = place.agentVersion;
  const args = agentArguments({ profile, own: spec.args, cwd: spec.cwd, permissions, version, run, conversation });
  replaceJson(path.join(run.dir, CONVERSATION), { id: conversation?.id ?? null });
  if (place.hookFacts !== null) replaceJson(path.join(run.dir, 'guard.json'), place.hookFacts);
  writeLaunch(run, {
    cwd: spec.cwd,
    command: spec.command,
    args,
    env: {
      ...profile.env,
      ...spec.env,
      [SESSION_MARKER]: spec.sessionId,
      CONDUXT_CALLBACK: run.callback,
      CONDUXT_PHASE: run.phase,
    },
  });
  await newPane(server, place.sessionName, run);
  const pane = await supervised(server, run);
  return sessionIn(place, pane, conversation?.type === 'resume' ? 'resumed' : 'new', spec, listener);
}

const CONVERSATION = 'conversation.json';
const conversationSchema = z.object({ id: z.string().nullable() });

/** An agent that names its conversation only later is known by its pane until then. */
const PANE_ID = /^pane:(pane-[\w-]+)$/;

const threadOf = (run: RunDirectory): string | null =>
  readJson(path.join(run.dir, CONVERSATION), conversationSchema)?.id ?? null;

const nativeIdOf = (run: RunDirectory): string => threadOf(run) ?? `pane:${path.basename(run.dir)}`;

function conversationFor(
  { profile, runRoot }: TerminalPlace,
  { resume }: OpenSpec,
): { readonly type: 'resume' | 'new'; readonly id: string } | null {
  if (resume === null) return profile.newIdArgs === null ? null : { type: 'new', id: randomUUID() };
  const paneName = PANE_ID.exec(resume)?.[1];
  const id = paneName === undefined ? resume : nativeIdOf(runDirectory(path.join(runRoot, paneName)));
  if (profile.resumeArgs !== null && !PANE_ID.test(id)) return { type: 'resume', id };
  throw unavailable('agent-session-lost', 'its terminal is gone, and this agent cannot take a conversation up again');
}

async function newPane(server: TmuxServer, sessionName: string, run: RunDirectory): Promise<void> {
  const [node, flag, program] = supervisorProgram();
  const argv: [string, string, ...string[]] = [node, flag, program, run.dir];
  const pane = { ...PANE_SIZE, argv, logFile: run.log };
  try {
    await server.newPane({ ...pane, sessionName });
  } catch (error) {
    if (!(error instanceof ConduxtError) || error.code !== 'tmux-name-taken') throw error;
    // An archived session of the same name, perhaps: it is not ours to end.
    await server.newPane({ ...pane, sessionName: `${sessionName}-${randomBytes(2).toString('hex')}` });
  }
}

/** The supervisor says who and where it is before it starts the agent. */
async function supervised(server: TmuxServer, run: RunDirectory): Promise<Pane> {
  const end = systemClock.monotonic() + SUPERVISOR_TIMEOUT_MS;
  for (;;) {
    const started = readStarted(run);
    if (started !== null) return new Pane(server, run, started);
    if (systemClock.monotonic() > end) {
      throw unavailable('agent-not-started', 'the supervisor in the tmux pane did not start', {
        remedy: 'Look at the machine (conduxt doctor), then try again.',
        facts: { run: run.dir },
      });
    }
    await new Promise<void>((resolve) => void systemClock.after(SUPERVISOR_PAUSE_MS, resolve));
  }
}

function sessionIn(
  place: TerminalPlace,
  pane: Pane,
  continuity: 'new' | 'resumed',
  spec: OpenSpec,
  listener: AgentListener,
): TerminalSession {
  const { profile, agentVersion } = place;
  const file = path.join(pane.run.dir, CONVERSATION);
  return new TerminalSession({
    pane,
    profile,
    spec,
    listener,
    continuity,
    agentVersion,
    nativeId: nativeIdOf(pane.run),
    thread: threadOf(pane.run),
    learned: (id) => replaceJson(file, { id }),
    clock: systemClock,
  });
}
