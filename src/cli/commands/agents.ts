import type { FoundAgent, LoginState } from '../../agents/find.ts';
import { isUnverified } from '../../agents/unverified-profiles.ts';
import { HEADLESS } from '../../agents/headless/profiles.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { profilesWith } from '../../agents/profiles.ts';
import { ExitCode } from '../../errors.ts';
import { kindOf } from '../../session/record.ts';
import type { BackendName } from '../../session/words.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { fit } from '../../views/columns.ts';
import type { Line, Tone } from '../../views/tone.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { findHeadlessIn, findIn, findTerminalIn } from '../run/launch-agent.ts';
import { sessionPlace } from '../session-plan.ts';
import type { VerbCommand } from '../verb-command.ts';

/** One agent on this machine: `agents --json`. */
export interface AgentJson {
  readonly name: string;
  readonly title: string;
  /** The known agent that it is, under a name of the user's; null: itself. */
  readonly like: string | null;
  readonly state: 'found' | 'missing';
  /** Why it is missing; null when it was found. */
  readonly reason: string | null;
  readonly version: string | null;
  /** The version conduxt was last run against; null: never. */
  readonly verifiedVersion: string | null;
  readonly login: LoginState;
  readonly backends: readonly BackendName[];
  readonly resume: 'resume' | 'load' | 'none' | null;
  /** Nobody ever ran this profile. */
  readonly unverified: boolean;
  /** Whether it is known to take text into a running turn. */
  readonly steer: boolean;
  readonly command: readonly string[] | null;
  /** How it is started in a terminal; null when that program was not found. */
  readonly terminalCommand: readonly string[] | null;
  /** The same for a run without a terminal. */
  readonly headlessCommand: readonly string[] | null;
  readonly install: string;
  readonly loginHint: string;
  readonly warnings: readonly string[];
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('-a, --all', 'also those that are not installed')
      .action(context.act((options: { all?: boolean }) => listAgents(context, options.all === true))),
    {
      examples: ['conduxt agents', 'conduxt agents --all --json'],
      exits: '0, 2 (configuration)',
      notes:
        'Looks at files only: no agent is started and nothing is downloaded. conduxt doctor <agent> starts one.\n' +
        'Another agent is added in the configuration: {"agents": {"<name>": {"acp": {"command": "…"}}}}, or "terminal", "headless"',
    },
  );
}

async function listAgents(context: VerbContext, all: boolean): Promise<number> {
  const { loaded, cwd, ref } = await sessionPlace(context, 'optional');
  const place = { config: loaded.config, cwd, repoRoot: ref?.root ?? null };
  const agents = await Promise.all(
    profilesWith(loaded.config.agents).map(async (profile) =>
      agentJson(profile, loaded.config.agents[profile.name]?.acp !== undefined, {
        acp: await findIn(context, place, profile),
        terminal: await findTerminalIn(context, place, profile),
        headless: await findHeadlessIn(context, place, profile),
      }),
    ),
  );
  const shown = all ? agents : agents.filter((one) => one.state === 'found');
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, agents: all ? agents : shown });
  else show(context, shown, agents.length - shown.length);
  return ExitCode.done;
}

type Ways = Readonly<Record<'acp' | 'terminal' | 'headless', FoundAgent>>;

function agentJson(profile: AgentProfile, isNamedForAcp: boolean, ways: Ways): AgentJson {
  const { acp, terminal, headless } = ways;
  // One that is there only as a program for a terminal, or for runs without one, is there.
  const found = [acp, terminal, headless].find(({ state }) => state === 'found') ?? acp;
  const launch = found.state === 'found' ? found.launch : null;
  const hasAcp = isNamedForAcp || speaksAcp(profile, acp);
  return {
    name: profile.name,
    title: profile.title,
    like: profile.like ?? null,
    state: found.state,
    reason: found.state === 'missing' ? found.reason : null,
    version: launch?.version ?? null,
    verifiedVersion: profile.verified,
    login: found.state === 'found' ? found.login : 'unknown',
    backends: backendsOf(profile, hasAcp, ways),
    resume: hasAcp ? (profile.acp?.resume ?? null) : null,
    unverified: isUnverified(profile),
    steer: profile.acp?.steer === true,
    command: launch === null ? null : [launch.command, ...launch.args],
    terminalCommand: commandOf(terminal),
    headlessCommand: commandOf(headless),
    install: profile.install,
    loginHint: profile.login,
    warnings: found.state === 'found' ? found.warnings : [],
  };
}

/** Of one that only the configuration knows the profile names no program: it speaks ACP where one was found. */
const speaksAcp = ({ acp }: AgentProfile, { state }: FoundAgent): boolean =>
  acp !== null && (state === 'found' || acp.programs.length + acp.packages.length > 0);

/** Those it is known for; of one that the configuration names, those that it names. */
function backendsOf(profile: AgentProfile, hasAcp: boolean, { terminal, headless }: Ways): readonly BackendName[] {
  const hasTerminal = profile.terminal || terminal.state === 'found';
  const isHeadless = HEADLESS[kindOf(profile)] !== undefined || headless.state === 'found';
  return [
    ...(hasAcp ? ['acp' as const] : []),
    ...(hasTerminal ? ['tmux' as const] : []),
    ...(isHeadless ? ['headless' as const] : []),
  ];
}

const commandOf = (found: FoundAgent): readonly string[] | null =>
  found.state === 'found' ? [found.launch.command, ...found.launch.args] : null;

function show({ printer }: VerbContext, agents: readonly AgentJson[], hidden: number): void {
  const head = row(['NAME', 'STATE', 'VERSION', 'BACKENDS', 'RESUME', 'STEER', ''], Array<Tone>(7).fill('dim'));
  printer.result(head);
  for (const agent of agents) {
    const { word, tone, hint } = stateOf(agent);
    const resume = agent.resume === null ? '-' : agent.resume;
    printer.result(
      row(
        [agent.name, word, agent.version ?? '-', agent.backends.join(', '), resume, agent.steer ? 'yes' : '-', hint],
        ['strong', tone, 'plain', 'plain', 'plain', 'plain', 'dim'],
      ),
    );
  }
  if (hidden > 0) printer.note(`${hidden} more are known and not installed: conduxt agents --all`, 'dim');
}

function stateOf(agent: AgentJson): { word: string; tone: Tone; hint: string } {
  const unverified = agent.verifiedVersion === null && agent.name !== 'rehearsal';
  if (agent.state === 'missing') {
    return { word: 'missing', tone: 'dim', hint: unverified ? `unverified; ${agent.install}` : agent.install };
  }
  if (agent.login === 'no') return { word: 'logged out', tone: 'warn', hint: agent.loginHint };
  if (agent.warnings.length > 0) return { word: 'outdated', tone: 'warn', hint: agent.warnings.join(' ') };
  if (agent.name === 'rehearsal') return { word: 'ready', tone: 'good', hint: 'scripted; needs no account' };
  if (agent.verifiedVersion === null)
    return { word: 'unverified', tone: 'warn', hint: 'conduxt was never run against it: conduxt doctor ' + agent.name };
  return {
    word: 'ready',
    tone: 'good',
    hint: agent.version === agent.verifiedVersion ? '' : `tested with ${agent.verifiedVersion}`,
  };
}

const WIDTHS = [12, 10, 10, 19, 7, 5];

function row(cells: readonly string[], tones: readonly Tone[]): Line {
  return cells.map((cell, at) => {
    const width = WIDTHS[at];
    const text = oneLine(cell, 200);
    return { text: width === undefined ? text : `${fit(text, width)} `, tone: tones[at] ?? 'plain' };
  });
}
