import { ExitCode, usageError } from '../../errors.ts';
import { commandOf } from '../../placement/foreground.ts';
import { reclaim as carryOut, type Reclaimed } from '../../placement/reclaim/act.ts';
import { gather, type Candidate, type Orphans } from '../../placement/reclaim/gather.ts';
import { judgeSession, scopes, type Scope, type Verdict } from '../../placement/reclaim/policy.ts';
import { portHolders } from '../../placement/reclaim/ports.ts';
import { oneLine } from '../../text/sanitize.ts';
import { TmuxServer } from '../../tmux/server.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { formatDuration, plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb, parseCount } from '../options.ts';
import { commandPlace, openDesk } from '../terminal-desk.ts';
import { InvalidValue, type VerbCommand } from '../verb-command.ts';
import { askYesNo, canAsk } from '../yes-or-no.ts';

interface ReclaimOptions {
  readonly scope?: Scope;
  readonly running?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly port?: number;
  readonly socket?: string;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('--scope <scope>', 'agent-only (what conduxt started), or all-stale', parseScope)
      .option('--running', 'also commands of ours that still run')
      .option('--dry-run', 'say what would be ended, end nothing')
      .option('-y, --yes', 'all-stale: end what is proposed without asking')
      .option('--port <n>', 'say who holds this port, too', parseCount(1, 65_535))
      .option('--socket <name>', 'all-stale: look at this tmux server (name or path), not at your own')
      .action(context.act((options: ReclaimOptions) => reclaim(context, options))),
    {
      examples: ['conduxt reclaim', 'conduxt reclaim --dry-run --port 3000', 'conduxt reclaim --scope all-stale'],
      exits: '0, 1 (a process could not be ended), 2, 3 (something is proposed and nobody was there to ask), 5',
      notes:
        'agent-only ends terminals whose command, or whose session, is over, shells that only wait, and processes that sessions\n' +
        'left behind. all-stale proposes sessions of anybody: idle for six hours, nothing running, seen on their screen.',
    },
  );
}

function parseScope(text: string): Scope {
  const scope = scopes.find((each) => each === text);
  if (scope === undefined) throw new InvalidValue(`Use ${scopes.join(' or ')}.`);
  return scope;
}

interface Judged {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

const NOTHING: Reclaimed = { sessionsKilled: [], processesKilled: [], portsFreed: [], left: [] };

async function reclaim(context: VerbContext, options: ReclaimOptions): Promise<number> {
  const { io, places } = context;
  const scope = options.scope ?? 'agent-only';
  if (scope === 'agent-only' && (options.yes === true || options.socket !== undefined)) {
    throw usageError('conflicting-options', '--yes and --socket are for --scope all-stale.', {
      remedy: 'Leave them out, or add the scope.',
    });
  }
  const holders = options.port === undefined ? null : holdersOf(options.port);
  const place = await commandPlace(context);
  const desk = await openDesk(context, place);
  const others = scope === 'all-stale' ? otherServers(context, options.socket) : [];
  const found = await gather({ desk, runtimeDir: places.runtimeDir, others, env: io.env, nowMs: io.now() });
  const wish = { scope, running: options.running === true, staleMs: place.config.placement.staleSeconds * 1000 };
  const judged = found.candidates.map((candidate) => ({ candidate, verdict: judgeSession(candidate.facts, wish) }));
  const of = (type: Verdict['type']): Judged[] => judged.filter(({ verdict }) => verdict.type === type);
  const asked = options.dryRun === true ? [] : await confirmed(context, of('propose'), options.yes === true);
  const chosen = [...of('end'), ...asked].map(({ candidate }) => candidate);
  const done = options.dryRun === true ? NOTHING : await carryOut(desk, chosen, found.orphans);
  const proposed = of('propose').filter((each) => !asked.includes(each));
  const plan = { ends: of('end'), proposed, kept: of('keep'), orphans: found.orphans, holders };
  report(context, { scope, dryRun: options.dryRun === true, done, plan });
  if (done.left.length > 0) return ExitCode.taskFailed;
  const isOpen = proposed.length > 0 && options.dryRun !== true && !canAsk(io);
  return isOpen ? ExitCode.needsPerson : ExitCode.done;
}

/** The server that was named; otherwise that of people's own tmux, and the one this command is typed in. */
function otherServers({ io, places }: VerbContext, socket: string | undefined): TmuxServer[] {
  const [current = ''] = (io.env['TMUX'] ?? '').split(',');
  const usual = ['default', ...(current.startsWith('/') ? [current] : [])];
  return (socket === undefined ? usual : [socket]).map((each) => new TmuxServer(places.home, io.env, each));
}

/** One question for each: nothing that is not ours is ended by a single yes for all. */
async function confirmed({ io }: VerbContext, proposed: readonly Judged[], yes: boolean): Promise<readonly Judged[]> {
  if (yes) return proposed;
  if (!canAsk(io)) return [];
  const chosen: Judged[] = [];
  for (const each of proposed) {
    const { name, idleMs } = each.candidate.facts;
    const since = idleMs === null ? '' : `, idle for ${formatDuration(idleMs)}`;
    if (await askYesNo(io, `End the session "${oneLine(name, 60)}"${since}?`)) chosen.push(each);
  }
  return chosen;
}

interface Holder {
  readonly port: number;
  readonly pid: number;
  readonly command: string;
}

const holdersOf = (port: number): Holder[] =>
  portHolders()
    .filter((each) => each.port === port)
    .map((each) => ({ ...each, command: commandOf(each.pid) ?? 'unknown' }));

interface Report {
  readonly scope: Scope;
  readonly dryRun: boolean;
  readonly done: Reclaimed;
  readonly plan: {
    readonly ends: readonly Judged[];
    readonly proposed: readonly Judged[];
    readonly kept: readonly Judged[];
    readonly orphans: readonly Orphans[];
    readonly holders: readonly Holder[] | null;
  };
}

const shownSession = ({ candidate, verdict }: Judged): { name: string; reason: string } => ({
  name: oneLine(candidate.facts.name, 100),
  reason: verdict.reason,
});

function report({ json, printer }: VerbContext, { scope, dryRun, done, plan }: Report): void {
  const [ends, proposed, kept] = [plan.ends, plan.proposed, plan.kept].map((each) => each.map(shownSession));
  const orphans = plan.orphans.flatMap(({ id, pids }) =>
    pids.map((pid) => ({ pid, command: commandOf(pid) ?? 'unknown', session: id })),
  );
  if (json) {
    const would = dryRun ? { wouldEnd: { sessions: ends, processes: orphans } } : {};
    const port = plan.holders === null ? {} : { portHolders: plan.holders };
    printer.document({ schemaVersion: SCHEMA_VERSION, scope, dryRun, ...done, proposed, kept, ...would, ...port });
    return;
  }
  for (const { port, pid, command } of plan.holders ?? []) printer.result(`port ${port}: held by ${command} (${pid})`);
  if (plan.holders?.length === 0) printer.result('the port is free, or somebody else of this machine holds it');
  for (const { name, reason } of ends ?? []) printer.result(`${dryRun ? 'would end' : 'ended'} ${name}: ${reason}`);
  if (dryRun)
    for (const { pid, command, session } of orphans) printer.result(`would end ${command} (${pid}) of ${session}`);
  const planned = new Set((ends ?? []).map(({ name }) => name));
  for (const name of done.sessionsKilled) if (!planned.has(name)) printer.result(`ended ${oneLine(name, 100)}`);
  for (const { pid, command } of done.processesKilled) printer.result(`ended ${oneLine(command, 60)} (${pid})`);
  for (const { port, command } of done.portsFreed)
    printer.result(`port ${port} is free again (${oneLine(command, 60)})`);
  for (const { name, reason } of proposed ?? []) printer.result(`stale: ${name}: ${reason}`);
  for (const { name, reason } of kept ?? []) printer.note(`kept ${name}: ${reason}`, 'dim');
  if (done.left.length > 0) printer.note(`could not be ended: ${done.left.join(', ')}`, 'bad');
  const counts = `${plural(done.sessionsKilled.length, 'session')}, ${plural(done.processesKilled.length, 'process', 'processes')}, ${plural(done.portsFreed.length, 'port')}`;
  printer.result(dryRun ? 'Nothing was ended.' : `Reclaimed: ${counts}.`);
}
