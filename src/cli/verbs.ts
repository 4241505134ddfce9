import { ExitCode } from '../errors.ts';
import type { VerbContext } from './context.ts';
import type { VerbCommand } from './verb-command.ts';

export interface VerbModule {
  /** Adds arguments, options, help and the action to a command that has only its name. */
  define(command: VerbCommand, context: VerbContext): void;
}

export interface Verb {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  readonly group: string;
  /** Of mistakes in its command line, where 2 could be taken for something else. */
  readonly mistakeExit?: ExitCode;
  /** Loaded when the verb is used: the others cost nothing. */
  load(): Promise<VerbModule>;
}

const WORK = 'Give work:';
const WATCH = 'Watch and answer:';
const STEPS = 'Steps by hand:';
const COMMANDS = 'Plain commands:';
export const KEEP = 'Keep house:';

export const verbs: readonly Verb[] = [
  {
    name: 'run',
    group: WORK,
    summary: 'give a task to a coding agent and follow it to the pull request',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'ask',
    group: WORK,
    summary: 'ask an agent one question; prints only the answer',
    load: () => import('./commands/ask.ts'),
  },
  {
    name: 'start',
    group: WORK,
    summary: 'start a named session that waits for instructions',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'tell',
    group: WORK,
    summary: 'say something to a running or finished session',
    load: () => import('./commands/tell.ts'),
  },
  {
    name: 'resume',
    group: WORK,
    summary: 'take up a session again, also one that was stopped',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'retry',
    group: WORK,
    summary: 'begin a task again from its base branch',
    load: () => import('./commands/retry.ts'),
  },
  {
    name: 'status',
    alias: 'ls',
    group: WATCH,
    summary: 'show sessions, or one of them in detail',
    load: () => import('./commands/status.ts'),
  },
  { name: 'log', group: WATCH, summary: 'show what happened in a session', load: () => import('./commands/log.ts') },
  {
    name: 'attach',
    group: WATCH,
    summary: "look at an agent's terminal; leaving never disturbs it",
    load: () => import('./commands/attach.ts'),
  },
  {
    name: 'watch',
    group: WATCH,
    summary: 'show the live logs of several sessions side by side, in tmux',
    load: () => import('./commands/watch.ts'),
  },
  {
    name: 'wait',
    group: WATCH,
    summary: 'wait until a session has nothing left to do',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'why',
    group: WATCH,
    summary: 'say why a session is in its state, and what happens next',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'decisions',
    group: WATCH,
    summary: 'list the questions that wait for a person',
    load: () => import('./commands/decisions.ts'),
  },
  {
    name: 'answer',
    group: WATCH,
    summary: 'answer one of these questions',
    load: () => import('./commands/answer.ts'),
  },
  {
    name: 'cancel',
    group: WATCH,
    summary: 'end the running turn, the queue, or the task',
    load: () => import('./commands/cancel.ts'),
  },
  {
    name: 'usage',
    group: WATCH,
    summary: 'show tokens, cost and context by turn, session and day',
    load: () => import('./commands/usage.ts'),
  },
  { name: 'stop', group: WATCH, summary: 'end a session; its history stays', load: () => import('./commands/stop.ts') },
  { name: 'verify', group: STEPS, summary: "run a task's tests now", load: () => import('./commands/verify.ts') },
  {
    name: 'pr',
    group: STEPS,
    summary: "push a task's branch and open its pull request",
    load: () => import('./commands/pr.ts'),
  },
  {
    name: 'phase',
    group: STEPS,
    summary: 'say what came of the review or CI that a task waits for',
    load: () => import('./commands/phase.ts'),
  },
  {
    name: 'clean',
    group: STEPS,
    summary: "remove a task's worktree when nothing would be lost",
    load: () => import('./commands/clean.ts'),
  },
  {
    name: 'undo',
    group: STEPS,
    summary: 'bring back what clean or retry discarded',
    load: () => import('./commands/undo.ts'),
  },
  {
    name: 'exec',
    group: COMMANDS,
    summary: 'run a command here, or in a session that outlives this call',
    mistakeExit: ExitCode.execFailed,
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'terminal',
    group: COMMANDS,
    summary: 'make, look at, type into and end sessions of plain commands',
    load: () => import('./commands/terminal.ts'),
  },
  {
    name: 'reclaim',
    group: COMMANDS,
    summary: 'end what commands and agents left behind',
    load: () => import('./commands/reclaim.ts'),
  },
  { name: 'watchdog', group: KEEP, summary: 'bring back what died', load: () => import('./commands/watchdog.ts') },
  {
    name: 'prune',
    group: KEEP,
    summary: 'delete transcripts of sessions that ended long ago',
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'trust',
    group: KEEP,
    summary: "allow what this repository's configuration executes",
    load: () => import('./commands/trust.ts'),
  },
  {
    name: 'agents',
    group: KEEP,
    summary: 'list the agents conduxt knows and which are ready',
    load: () => import('./commands/agents.ts'),
  },
  {
    name: 'doctor',
    group: KEEP,
    summary: 'check this machine, or one agent',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'rehearse',
    group: KEEP,
    summary: 'try everything here with a scripted agent: no account, no network',
    load: () => import('./commands/rehearse.ts'),
  },
  {
    name: 'fake-agent',
    group: KEEP,
    summary: 'play an ACP agent with faults, to test a client against',
    load: () => import('./commands/fake-agent.ts'),
  },
  {
    name: 'callback',
    group: KEEP,
    summary: 'for agents in a terminal: end the task with this callback',
    load: () => import('./commands/callback.ts'),
  },
  {
    name: 'lock',
    group: COMMANDS,
    summary: 'run a command while nobody else holds the lock of the agents',
    load: () => import('./commands/lock.ts'),
  },
  {
    name: 'manifest',
    group: KEEP,
    summary: 'say in JSON what this program can do, for programs',
    load: () => import('./commands/manifest.ts'),
  },
  {
    name: 'completion',
    group: KEEP,
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
];

/** The verb of a command line: its first word that is no option. */
export function verbIn(argv: readonly string[]): Verb | undefined {
  const word = argv.find((each) => !each.startsWith('-'));
  return word === undefined ? undefined : verbs.find((verb) => verb.name === word || verb.alias === word);
}
