import { statSync } from 'node:fs';
import { ExitCode, systemCode, unreachable } from '../../errors.ts';
import { profileFor } from '../../agents/profiles.ts';
import { bootId } from '../../process/identity.ts';
import { markedProcesses } from '../../process/marker.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { SessionView } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { awaitedWords } from '../../views/awaited.ts';
import { plural } from '../../views/quantities.ts';
import { oneLine } from '../../text/sanitize.ts';
import { whyLines, type SensorWord, type WhyJson } from '../../views/why.ts';
import type { SessionFacts } from '../../watchdog/facts.ts';
import { readMemory, type WatchMemory } from '../../watchdog/memory.ts';
import { judge } from '../../watchdog/policy.ts';
import { senseSession } from '../../watchdog/sense.ts';
import { currentHalts } from '../../watchdog/fleet.ts';
import type { LoginFacts } from '../../watchdog/login-halt.ts';
import type { Action, Verdict } from '../../watchdog/verdict.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';
import { loadWatchSettings } from '../watch-settings.ts';
import { nextAtOf } from '../watched.ts';

/** More would only be a longer line. */
const NAMED_REFUSALS = 5;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .action(context.act((name: string) => why(context, name))),
    {
      examples: ['conduxt why issue-78'],
      exits: '0, 2 (ambiguous name), 4 (no such session)',
      notes:
        'Asks every sensor of the watchdog (files, processes, the host) and shows what each said last, which rule follows\n' +
        'from it, and what the watchdog would do next. It changes nothing.',
    },
  );
}

async function why(context: VerbContext, name: string): Promise<number> {
  const { printer, io } = context;
  const settings = await loadWatchSettings(context);
  const view = context.session(name);
  const orphans = markedProcesses().get(view.record.id) ?? [];
  const facts = await senseSession(view, { helloMs: settings.helloMs, orphans });
  const memory = readMemory(view.paths);
  const halts = currentHalts(context.places.home, context.places.runtimeDir);
  const verdict = judge(facts, memory, settings, {
    nowMs: io.now(),
    haltedAgents: halts,
    asked: false,
    bootId: bootId(),
  });
  const planned = verdict.actions.map(actionWords);
  const document: WhyJson = {
    schemaVersion: SCHEMA_VERSION,
    session: view.record.name,
    sessionId: view.record.id,
    state: facts.state,
    sensors: [...sensorsOf(view, facts, memory, isoOf(io.now())), ...haltWords(halts.get(facts.agent))],
    rule: verdict.rule,
    because: verdict.because,
    next: nextWords(verdict, planned, view.record),
    // What is due is done at the next look, whenever that is; the pause after it is not yet planned.
    nextAt: planned.length > 0 ? null : nextAtOf(verdict),
    tries: memory.tries.map(({ atMs, ...one }) => ({ at: isoOf(atMs), ...one })),
  };
  if (printer.json) printer.document(document);
  else printer.results(whyLines(document, io.now()));
  return ExitCode.done;
}

function nextWords(verdict: Verdict, planned: readonly string[], { agent, name }: SessionRecord): string | null {
  if (planned.length > 0) return planned.join(', then ');
  if (verdict.rule === 'login-halt') {
    return `nothing, until a session of ${agent.name} works again. ${profileFor(agent.name).login} Then: conduxt watchdog ${name}`;
  }
  return verdict.nextAtMs === null ? null : 'it is looked at again';
}

function haltWords(refused: readonly LoginFacts[] | undefined): SensorWord[] {
  if (refused === undefined) return [];
  const last = Math.max(...refused.map(({ loginRefusedAtMs }) => loginRefusedAtMs ?? 0));
  const names = refused.slice(0, NAMED_REFUSALS).map(({ name }) => name);
  const more = refused.length > names.length ? ` and ${refused.length - names.length} more` : '';
  const word = `${refused[0]?.agent ?? 'its agent'} refused ${names.join(', ')}${more} for want of a login, and none has worked since`;
  return [{ sensor: 'login', word, at: isoOf(last) }];
}

/** @param now when hosts and processes were asked: what they say is no older */
function sensorsOf(view: SessionView, facts: SessionFacts, memory: WatchMemory, now: string): SensorWord[] {
  const { folded, paths, damaged } = view;
  const broken = damaged.length === 0 ? '' : `, ${plural(damaged.length, 'damaged record')}`;
  const { turn } = facts;
  return [
    { sensor: 'journal', word: `${facts.isOwed ? 'something' : 'nothing'} is owed${broken}`, at: folded.lastAt },
    { sensor: 'transcript', word: 'last update of the agent', at: writtenAt(paths.transcript) },
    { sensor: 'host', word: hostWords(facts.host), at: hostAt(facts.host, folded.lastAt, now) },
    { sensor: 'agent', word: { none: 'none runs', alive: 'runs', gone: 'is gone' }[facts.agentProcess], at: now },
    ...(turn === null
      ? []
      : [
          {
            sensor: 'turn',
            word: turn.cancelRequested ? 'is being cancelled' : 'is open',
            at: isoOf(turn.startedAtMs),
          } as const,
        ]),
    ...facts.decisions.map(
      ({ question, askedAt }) =>
        ({
          sensor: 'decisions',
          word: `${oneLine(question, 330)} (conduxt decisions shows all of it)`,
          at: askedAt,
        }) as const,
    ),
    ...(facts.parkedUntilMs === null
      ? []
      : [{ sensor: 'parked', word: 'until its time', at: isoOf(facts.parkedUntilMs) } as const]),
    ...(facts.awaiting === null
      ? []
      : [
          {
            sensor: 'awaiting',
            word: `${awaitedWords(facts.awaiting.phase)}${facts.awaiting.news === null ? '' : `; its phase file says ${facts.awaiting.news}`}`,
            at: isoOf(facts.awaiting.sinceMs),
          } as const,
        ]),
    ...(facts.orphans.length === 0
      ? []
      : [{ sensor: 'orphans', word: `processes without a host: ${facts.orphans.join(', ')}`, at: now } as const]),
    {
      sensor: 'watchdog',
      word: memory.rule === null ? 'has not looked yet' : `said ${memory.rule}`,
      at: memory.lookedAtMs === null ? null : isoOf(memory.lookedAtMs),
    },
  ];
}

/** A host that is gone was last heard of in its journal. */
function hostAt({ type }: SessionFacts['host'], lastAt: string | null, now: string): string | null {
  return type === 'never' ? null : type === 'dead' || type === 'left' ? lastAt : now;
}

function hostWords(host: SessionFacts['host']): string {
  switch (host.type) {
    case 'never':
      return 'none was ever started';
    case 'left':
      return 'it left by itself';
    case 'dead':
      return host.rebooted ? 'it ended with the machine' : 'it died';
    case 'answers':
      return `process ${host.process.pid} answers`;
    case 'silent':
      return `process ${host.process.pid} does not answer`;
    case 'deaf':
      return `process ${host.process.pid} lives, but nothing listens at its socket`;
    default:
      return unreachable(host, 'host fact');
  }
}

function actionWords(action: Action): string {
  switch (action.type) {
    case 'start-host':
      return action.endFirst !== null ? 'the host is ended and a new one started' : 'a new host is started';
    case 'wake':
      return 'the host is woken';
    case 'renew-agent':
      return 'the agent is ended, so that its work is taken up anew';
    case 'expire':
      return 'the question is closed';
    case 'milestone':
      return 'it is noted';
    case 'tell':
      return 'people are told';
    case 'give-up':
      return 'it is given up';
    default:
      return unreachable(action, 'action');
  }
}

function writtenAt(file: string): string | null {
  try {
    return isoOf(statSync(file).mtimeMs);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString();
