import { ExitCode, notFound, usageError } from '../../errors.ts';
import { listNames, readSessionOrNull, type SessionView } from '../../store/read-session.ts';
import { attachTo } from '../../tmux/attach.ts';
import { ownProgram } from '../../tmux/programs.ts';
import { TmuxServer } from '../../tmux/server.ts';
import { splitLayout, type SplitPane } from '../../tmux/split-layout.ts';
import { requireTmux } from '../../tmux/version.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { isSettled } from '../../views/outcome.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { commandPlace } from '../terminal-desk.ts';
import { ownLayout } from '../watch-layout.ts';
import type { VerbCommand } from '../verb-command.ts';

interface WatchOptions {
  readonly socket?: string;
}

/** More would be a line or two each. */
const MAX_PANES = 9;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[session...]', 'names, repo/name, or session ids; otherwise those of this repository that are at work')
      .option(
        '--socket <name>',
        'the tmux server to put it into (name or path); otherwise the one you are in, or our own',
      )
      .action(context.act((names: string[], options: WatchOptions) => watch(context, names, options))),
    {
      examples: ['conduxt watch', 'conduxt watch issue-78 issue-79'],
      exits: '0, 2 (no terminal here), 4 (nothing to watch), 5 (no tmux)',
      notes:
        'Every session gets a pane with its live log, on any backend. Inside of tmux it is a new window of that tmux: none is put\n' +
        'into another. Elsewhere Ctrl-b d leaves. With --json nothing is attached, and the command that shows it is printed.\n' +
        'Two looks at once do not disturb each other; one ends when its last viewer leaves, or unused after ten minutes.',
    },
  );
}

async function watch(context: VerbContext, names: readonly string[], { socket }: WatchOptions): Promise<number> {
  const { io, places, json, printer } = context;
  const sessions = sessionsToWatch(context, names);
  const [first, ...rest] = sessions.map((view) => paneFor(context, view));
  if (first === undefined) {
    throw notFound('nothing-to-watch', 'No session of this repository is at work.', {
      remedy: 'Name one: see conduxt status.',
    });
  }
  await requireTmux(io.env, 'Without it: conduxt log <session> -f.');
  const [here = '', , number = '0'] = (io.env['TMUX'] ?? '').split(',');
  const isInside = socket === undefined && here.startsWith('/');
  if (!isInside && !json && !(io.stdout.isTTY && io.stdin.isTTY === true)) {
    throw usageError('not-a-terminal', 'There is no terminal here to show it in.', {
      remedy: 'Use --json for the command that shows it.',
    });
  }
  if (!isInside && !json && here !== '') {
    throw usageError(
      'nested-tmux',
      'This terminal is in tmux already, and another server would be shown inside of it.',
      {
        remedy: 'Leave out --socket, or use --json for the command that shows it elsewhere.',
      },
    );
  }
  const server = new TmuxServer(places.home, io.env, isInside ? here : (socket ?? null));
  const { config } = await commandPlace(context);
  const prefix = config.sessionPrefix;
  const { name, sessionId } = isInside
    ? await windowHere(server, [first, ...rest], { name: `${prefix}watch`, sessionId: `$${number}` })
    : await ownLayout(server, [first, ...rest], { prefix, nowMs: io.now() });
  const command = isInside ? null : ['tmux', ...server.clientArguments('attach-session', '-t', sessionId)];
  if (json) {
    const shown = sessions.map(({ record }) => ({ session: record.name, sessionId: record.id }));
    printer.document({ schemaVersion: SCHEMA_VERSION, sessions: shown, layout: name, command });
    return ExitCode.done;
  }
  if (isInside) printer.result(`${name}: a new window of this tmux`);
  else {
    try {
      await attachTo(server, sessionId, { write: true, terminal: io.env['TERM'] ?? 'xterm-256color' });
    } finally {
      await server.endSession(sessionId);
    }
  }
  return ExitCode.done;
}

async function windowHere(
  server: TmuxServer,
  panes: readonly [SplitPane, ...SplitPane[]],
  place: { readonly name: string; readonly sessionId: string },
): Promise<{ readonly name: string; readonly sessionId: string }> {
  const { sessionId } = await splitLayout(server, panes, { type: 'window', ...place });
  return { name: place.name, sessionId };
}

function sessionsToWatch(context: VerbContext, names: readonly string[]): readonly SessionView[] {
  if (names.length > MAX_PANES) {
    throw usageError('too-many', `At most ${MAX_PANES} sessions fit side by side.`, { remedy: 'Name fewer.' });
  }
  if (names.length > 0) return names.map((name) => context.session(name));
  const { home, runtimeDir } = context.places;
  return listNames(home, context.place.repoKey)
    .flatMap(({ id }) => readSessionOrNull(home, runtimeDir, id) ?? [])
    .filter(({ state }) => !isSettled(state) || state === 'needs-person')
    .slice(-MAX_PANES);
}

/** A pane has the environment of its server, so the state directory is said. */
function paneFor({ places }: VerbContext, { record }: SessionView): SplitPane {
  const program = ownProgram('conduxt.js', '../cli/bin.ts');
  const argv = ['env', `CONDUXT_HOME=${places.home}`, ...program, 'log', record.id, '-f'] as const;
  return { title: record.name, argv: [...argv] };
}
