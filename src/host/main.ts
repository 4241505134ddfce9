import { closeSync, existsSync, watch, writeSync, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { readEnvFile } from '../agents/env-file.ts';
import { systemClock, isoTime } from '../clock.ts';
import { placesFor } from '../config/places.ts';
import { listen, type ControlServer } from '../control/server.ts';
import { ConduxtError, ExitCode, messageOf, systemCode } from '../errors.ts';
import { tryLock } from '../lock/file-lock.ts';
import { dropHostOwnVariables } from '../process/host-environment.ts';
import { bootId, identityOf } from '../process/identity.ts';
import { readUmask, setUmask } from '../process/umask.ts';
import { requireJournal } from '../store/lost-journal.ts';
import { requireOwnDirectory } from '../store/durable-files.ts';
import { sweepTemporaries } from '../store/leftovers.ts';
import { readRecord } from '../store/read-session.ts';
import { sessionPaths, type SessionPaths } from '../store/paths.ts';
import { backendNow } from '../session/backend.ts';
import type { BackendName } from '../session/words.ts';
import { nextAction } from '../route/next-action.ts';
import { oneLine } from '../text/sanitize.ts';
import { makeRedactor } from '../text/redact.ts';
import { makeMayGoOn } from '../text/secret-beginnings.ts';
import { version } from '../version.ts';
import { agentBackend, type AgentBackend } from './agent-backend.ts';
import { AgentSeat } from './agent-seat.ts';
import { AskingPlaces } from './asking-places.ts';
import { sweepFreshCheckout } from './fresh-checkout.ts';
import { Bell } from './bell.ts';
import { broughtVariables } from './brought-files.ts';
import type { HostContext } from './context.ts';
import { giveUp } from './give-up.ts';
import { ControlDesk } from './control-desk.ts';
import { DecisionDesk } from './decision-desk.ts';
import { dialogAnswers } from './dialog-answers.ts';
import { endTask } from './end-task.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import { permissionAnswers } from './permission-answers.ts';
import { SessionLog } from './session-log.ts';
import { SlotHolder } from './slot-holder.ts';
import { TurnLock } from './turn-lock.ts';
import { Turnstile } from './turnstile.ts';
import { FallBack } from './fall-back.ts';
import { endForTimeout, Spine } from './spine.ts';
import { tellPeople } from './tell-people.ts';

/**
 * What is tidied after the last record is bounded each for itself, but for a transcript that waits for room on a full disk:
 * a host that stayed would hold its session's lock and answer nobody.
 */
const LEAVE_WITHIN_MS = 30_000;

/** Entry of the detached process that owns one session: `host.cjs <home> <session id> [give-up]`. */

const [home, sessionId, errand] = process.argv.slice(2);
dropHostOwnVariables(process.env);
void begin();

async function begin(): Promise<void> {
  try {
    if (home === undefined || sessionId === undefined) throw new Error('usage: host <home> <session id>');
    process.exitCode = await host(home, sessionId);
  } catch (error) {
    // The last line with this prefix is what the command line quotes when a host does not get ready.
    process.stderr.write(`conduxt-host: ${messageOf(error)}\n`);
    process.exitCode = error instanceof ConduxtError ? error.exitCode : ExitCode.internal;
  } finally {
    // Whatever timer or pipe is still there: without its socket a host that stays would only look alive.
    process.exit();
  }
}

async function host(home: string, id: string): Promise<number> {
  const places = placesFor({ ...process.env, CONDUXT_HOME: home }, process.env['HOME'] ?? '/');
  const paths = sessionPaths(home, id, places.runtimeDir);
  const record = readRecord(paths.record);
  if (record === null) throw new Error(`there is no session ${id} in ${home}`);
  // Whoever started this host, cron or systemd too: what it starts makes files as the session's owner does.
  setUmask(record.umask ?? readUmask());
  const lock = await tryLock(paths.lock);
  if (lock === null) return ExitCode.held;
  const isGivingUp = errand === 'give-up';
  if (!isGivingUp) requireOwnDirectory(path.dirname(paths.socket));

  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  // An environment file that is gone may be why nothing else worked.
  const { envFile } = record.agent;
  const secrets = envFile === null || isGivingUp ? {} : await readEnvFile(envFile);
  requireJournal(paths);
  const log = await SessionLog.open(paths, systemClock);
  // What agent and tests can read, and may repeat.
  const visible = { ...broughtVariables(record), ...env, ...secrets };
  const context: HostContext = {
    home,
    runtimeDir: places.runtimeDir,
    slotsDir: places.slotsDir,
    record,
    paths,
    log,
    clock: systemClock,
    turnstile: new Turnstile(),
    env,
    redact: makeRedactor(visible),
    mayGoOn: makeMayGoOn(visible),
    note: writeNote,
  };
  const identity = identityOf(process.pid);
  await log.append({
    type: 'host-started',
    process: identity ?? { pid: process.pid, startTime: '', bootId: bootId() },
    version,
  });
  if (isGivingUp) {
    await giveUp(context);
    await log.append({ type: 'host-stopped', reason: 'stopped' });
    await log.close();
    announceReady();
    return ExitCode.done;
  }
  await queueFirstPrompt(context);
  return live(context, (name) => agentBackend(context, name, secrets));
}

/** A line for `host.log`. The log may lie on a full disk: a note that cannot be written must not end the host. */
function writeNote(text: string): void {
  try {
    writeSync(2, `${isoTime(Date.now())} ${text}\n`);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

/**
 * The session was made durable with its first prompt; the first host puts it into the journal, once. Where the journal
 * is damaged its record may have been there: nobody knows whether the agent had the prompt, so it is not given again.
 */
async function queueFirstPrompt(context: HostContext): Promise<void> {
  const { log, record, note } = context;
  for (const { offset, bytes } of log.damaged) note(`the journal is damaged: ${bytes} bytes at offset ${offset}`);
  if (record.firstPrompt === null) return;
  const key = record.firstPrompt.key ?? 'first';
  if (log.folded.prompts.byKey.has(key)) return;
  if (log.damaged.length === 0 && log.folded.prompts.byId.size === 0) {
    await log.append({ type: 'prompt-queued', ...record.firstPrompt, key });
    return;
  }
  if (record.task === null || log.folded.life.ended !== null || log.folded.life.stopped) return;
  const reason = 'the journal is damaged where its first prompt stood; nobody knows whether the agent had it';
  await endTask(context, { end: 'failed', reason });
}

/** Nothing is left to do, not even a prompt that was acknowledged while the door was closing. */
function isResting({ log, record }: HostContext): boolean {
  const { type } = nextAction(log.folded, record);
  return type === 'rest' || type === 'leave';
}

async function live(context: HostContext, agentOver: (name: BackendName) => AgentBackend): Promise<number> {
  const { log, record } = context;
  const { backend, spec } = agentOver(backendNow(record, log.folded));
  const bell = new Bell();
  const decisions = new DecisionDesk(context, (id) => tellPeople(context, `decision/${id}`));
  const slot = new SlotHolder(context);
  const lock = new TurnLock(context);
  const places = new AskingPlaces([lock, slot]);
  // An agent that can be steered learns at once why it was refused; any other with its next prompt.
  const explain = (reason: string): void => {
    const session = seat.current;
    if (session?.capabilities.steer === true)
      session.steer(reason).catch((error: unknown) => context.note(`guard: ${messageOf(error)}`));
  };
  const seat: AgentSeat = new AgentSeat(context, backend, spec, {
    permission: permissionAnswers(context, decisions, places, explain),
    dialog: dialogAnswers(context, decisions, places),
  });
  const spine = new Spine({ context, seat, bell, slot, lock, fallBack: new FallBack(context, seat, agentOver) });
  const desk = new ControlDesk({ context, seat, decisions, bell, spine, version });
  spine.attach(desk);
  let server = await listen(context.paths.socket, desk);
  announceReady();
  process.on('SIGTERM', () => spine.leave('signal'));
  process.on('SIGINT', () => spine.leave('signal'));
  process.on('SIGHUP', () => context.note('the terminal that started this host is gone; it goes on'));
  const memory = new MemoryKeeper(context);
  log.onRecord((written) => memory.onRecord(written));
  const stopTimer = startTaskClock(context, spine, seat);
  log.onBroken((error) => {
    // Where the journal takes it: whoever follows learns why the agent is ended.
    log
      .append({
        type: 'milestone',
        level: 'warn',
        text: context.redact(oneLine(`this host ends: ${error.message}`, 300)),
      })
      .catch((failure: unknown) => context.note(`milestone: ${messageOf(failure)}`));
    spine.leave('signal');
  });
  const watcher = onJournalDeleted(context.paths, () => {
    // Nobody could find an agent again that lived on.
    seat.close().catch((error: unknown) => context.note(`closing the agent: ${messageOf(error)}`));
    spine.leave('signal');
  });
  try {
    await settleSteers(context);
    tidy(context);
    await sweepFreshCheckout(context);
    await decisions.settleOrphans();
    await seat.sweep();
    let reason = await spine.live();
    // Requests that come from now on start the next host, which waits for our lock.
    await server.close();
    while (reason === 'idle' && !isResting(context)) {
      // A prompt was acknowledged between the decision to go and the closing of the door: it has no other host.
      server = await listen(context.paths.socket, desk);
      reason = await spine.live();
      await server.close();
    }
    await log.append({ type: 'host-stopped', reason });
    await memory.finish();
    return ExitCode.done;
  } finally {
    stopTimer();
    watcher?.close();
    await leave(server, seat, context);
  }
}

/**
 * Somebody deleted the session's directory by hand: nothing can be promised any more, so nothing may go on. A hint for a
 * host that has nothing to write; the next record would find out as well.
 */
function onJournalDeleted(paths: SessionPaths, act: () => void): FSWatcher | null {
  try {
    const watcher = watch(paths.dir, { persistent: false }, () => {
      if (!existsSync(paths.journal)) act();
    });
    watcher.on('error', () => {});
    return watcher;
  } catch {
    // Too many watches, or a file system that has none.
    return null;
  }
}

/** The task's wall clock counts from its first host on, or from its reopening: a restart gives no more time. */
function startTaskClock(context: HostContext, spine: Spine, seat: AgentSeat): () => void {
  const { record, log, clock, note } = context;
  const limitMs = record.limits.taskTimeoutMs;
  if (limitMs === null) return () => {};
  const arm = (): (() => void) => {
    const { life, awaiting } = log.folded;
    // A review may take days; what the agent makes of it is counted again.
    if (awaiting.now !== null) return () => {};
    const openedMs = Date.parse(life.openedAt ?? record.createdAt);
    return clock.after(Math.max(0, openedMs + awaiting.waitedMs + limitMs - clock.now()), () => {
      endForTimeout(context, spine, seat).catch((error: unknown) => note(`timeout: ${messageOf(error)}`));
    });
  };
  const countsFrom = (): string => JSON.stringify([log.folded.life.openedAt, log.folded.awaiting.now?.since]);
  let counted = countsFrom();
  let stop = arm();
  const stopListening = log.onRecord(() => {
    if (countsFrom() === counted) return;
    counted = countsFrom();
    stop();
    stop = arm();
  });
  return () => {
    stopListening();
    stop();
  };
}

async function leave(server: ControlServer, seat: AgentSeat, context: HostContext): Promise<void> {
  const tidied = (async () => {
    await server.close();
    await seat.leave();
    await context.log.close();
  })();
  let stop = (): void => {};
  const late = new Promise<'late'>((resolve) => (stop = context.clock.after(LEAVE_WITHIN_MS, () => resolve('late'))));
  if ((await Promise.race([tidied, late])) === 'late') context.note('leaving took too long; this host ends as it is');
  stop();
}

/** A steer of an earlier host has no known outcome. */
async function settleSteers({ log }: HostContext): Promise<void> {
  for (const entry of [...log.folded.prompts.byId.values()]) {
    if (entry.state !== 'handed' || log.folded.turns.open?.promptId === entry.id || entry.turnId === null) continue;
    await log.append({ type: 'prompt-steered', promptId: entry.id, turnId: entry.turnId, outcome: 'unknown' });
  }
}

/** What writers of this session left when they were killed. It is in nobody's way: what cannot be removed stays. */
function tidy({ paths, clock, note }: HostContext): void {
  try {
    sweepTemporaries(paths, clock.now());
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    note(`tidying: ${messageOf(error)}`);
  }
}

/** One line on descriptor 3; whoever waited for it may be gone by now. */
function announceReady(): void {
  try {
    writeSync(3, 'READY\n');
    closeSync(3);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
