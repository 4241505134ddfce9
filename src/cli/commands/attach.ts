import { Pane } from '../../backend/terminal/pane.ts';
import { ExitCode, notFound, refused, usageError } from '../../errors.ts';
import { backendNow } from '../../session/backend.ts';
import type { SessionView } from '../../store/read-session.ts';
import type { Terminal } from '../../placement/terminal.ts';
import { sanitize } from '../../text/sanitize.ts';
import { attachTo } from '../../tmux/attach.ts';
import { TmuxServer } from '../../tmux/server.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { terminalNamed } from '../attach-terminal.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';
import { showLog } from './log.ts';

interface AttachOptions {
  readonly write?: boolean;
}

/** What went before goes into the person's own scrollback; more of it is in the log. */
const MAX_HISTORY_LINES = 1_000;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, a session id, or a terminal')
      .option('--write', 'what you type goes to the agent: to answer a question that it asks on its screen')
      .action(context.act((name: string, options: AttachOptions) => attach(context, name, options))),
    {
      examples: ['conduxt attach issue-78', 'conduxt attach issue-78 --write'],
      exits: '0 (you left, or its terminal ended), 2 (no terminal here), 4 (it has none now), 6 (inside of tmux)',
      notes:
        'Ctrl-b d leaves. Looking disturbs nothing: keys stay here, the size stays, and leaving ends nothing.\n' +
        'A session over ACP, or headless, has no terminal; its log is shown as it grows.',
    },
  );
}

async function attach(context: VerbContext, name: string, options: AttachOptions): Promise<number> {
  const plain = await terminalNamed(context, name);
  if (plain !== null) return attachPlain(context, plain, options);
  const session = context.session(name);
  const { record } = session;
  const backend = backendNow(record, session.folded);
  if (backend !== 'tmux') {
    if (options.write === true) {
      const how = backend === 'acp' ? 'over ACP' : 'headless';
      throw usageError('no-terminal', `Session ${record.name} runs ${how} and has no terminal to type into.`, {
        remedy: `Say it with conduxt tell ${record.name} "…".`,
      });
    }
    return showLog(context, name, { follow: true });
  }
  const { server, sessionId, history } = await livingTerminal(context, session);
  const readOnly = options.write === true ? [] : ['-r'];
  const command = ['tmux', ...server.clientArguments('attach-session', ...readOnly, '-t', sessionId)];
  if (context.json) {
    const facts = { session: record.name, sessionId: record.id, backend: 'tmux', command };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...facts });
    return ExitCode.done;
  }
  requireTerminal(context, record.name);
  if (history !== '') context.printer.result(sanitize(history));
  const terminal = context.io.env['TERM'] ?? 'xterm-256color';
  await attachTo(server, sessionId, { write: options.write === true, terminal });
  context.printer.note(`left ${record.name}; it goes on`, 'dim');
  return ExitCode.done;
}

/** The terminal of a plain command (`conduxt exec`). */
async function attachPlain(context: VerbContext, { record, pane }: Terminal, options: AttachOptions): Promise<number> {
  const server = new TmuxServer(context.places.home, context.io.env);
  if (pane === null || pane.dead) {
    throw notFound('no-terminal', `${record.name} is over.`, {
      remedy: `See conduxt terminal capture ${record.name} --all.`,
    });
  }
  const readOnly = options.write === true ? [] : ['-r'];
  const command = ['tmux', ...server.clientArguments('attach-session', ...readOnly, '-t', pane.sessionId)];
  if (context.json) {
    const facts = { session: record.name, sessionId: record.id, backend: 'tmux', command };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...facts });
    return ExitCode.done;
  }
  requireTerminal(context, record.name);
  const terminal = context.io.env['TERM'] ?? 'xterm-256color';
  await attachTo(server, pane.sessionId, { write: options.write === true, terminal });
  context.printer.note(`left ${record.name}; it goes on`, 'dim');
  return ExitCode.done;
}

interface LivingTerminal {
  readonly server: TmuxServer;
  /** tmux's own id. */
  readonly sessionId: string;
  /** What scrolled off the screen. */
  readonly history: string;
}

async function livingTerminal(context: VerbContext, { record, paths }: SessionView): Promise<LivingTerminal> {
  const server = new TmuxServer(context.places.home, context.io.env);
  const pane = await Pane.living(server, paths.run);
  const facts = (await pane?.facts()) ?? null;
  if (pane === null || facts === null) {
    throw notFound('no-terminal', `Session ${record.name} has no terminal now: its agent is not running.`, {
      remedy: `See conduxt status ${record.name}, or conduxt log ${record.name}.`,
    });
  }
  const lines = (await pane.everything()).split('\n');
  const screen = (await pane.look())?.screen.split('\n').length ?? 0;
  const history = lines
    .slice(0, Math.max(0, lines.length - screen))
    .slice(-MAX_HISTORY_LINES)
    .join('\n');
  return { server, sessionId: facts.sessionId, history: history.trimEnd() };
}

function requireTerminal({ io }: VerbContext, name: string): void {
  if ((io.env['TMUX'] ?? '') !== '') {
    throw refused('nested-tmux', 'This is a tmux already, and conduxt puts no tmux into another.', {
      remedy: `Use another terminal, or: conduxt log ${name} -f`,
    });
  }
  if (io.stdout.isTTY && io.stdin.isTTY === true) return;
  throw usageError('not-a-terminal', 'There is no terminal here to show it in.', {
    remedy: `Use conduxt log ${name} -f, or --json for the command.`,
  });
}
