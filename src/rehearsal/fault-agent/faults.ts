import type { PromptScript, Script, Step } from './script.ts';

/** A fault that needs no script of the user's: `fake-agent --fault <name>`. */
export interface Fault {
  readonly what: string;
  readonly script: Script;
}

const HUNDRED_MB = 100 * 1024 * 1024;
const say = (text: string, messageId?: string): Step =>
  messageId === undefined ? { type: 'text', text } : { type: 'text', text, messageId };
const answer: readonly Step[] = [say('You said: '), say('{{prompt}}')];
/** Every prompt is answered, as often as one comes. */
const always = (steps: readonly Step[], rest: Omit<PromptScript, 'steps' | 'match'> = {}): readonly PromptScript[] => [
  { match: '', steps, ...rest },
];
const ask = (options: readonly object[]): readonly Step[] => [
  { type: 'permission', options, onAnswer: { '*': [say('as you say')] } },
];
const option = (optionId: string, kind: string): object => ({ optionId, name: optionId, kind });
const chunk = (kind: string, text: string, messageId?: string): Step => ({
  type: 'update',
  update: {
    sessionUpdate: kind,
    content: { type: 'text', text },
    ...(messageId === undefined ? {} : { messageId }),
  },
});

/** What an agent replays of an earlier conversation: a question, a tool, an answer. */
const history = (id?: (n: number) => string): readonly Step[] => [
  chunk('user_message_chunk', 'an old question', id?.(1)),
  { type: 'tool', toolCallId: 'old-1', title: 'an old command', kind: 'execute', status: 'completed' },
  chunk('agent_message_chunk', 'an old answer', id?.(2)),
];
const loads = (load: NonNullable<Script['load']>): Script => ({
  load: { supported: true, ...load },
  prompts: always(answer),
});

/** In the order in which a turn meets them. Each was seen in a real agent, or in a bug report about one. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  none: { what: 'behaves: answers every prompt with what it was told', script: { prompts: always(answer) } },
  // starting
  'slow-start': { what: 'takes 10 s to start', script: { start: [{ type: 'delay', ms: 10_000 }] } },
  'no-start': { what: 'exits before it reads anything', script: { start: [{ type: 'exit', code: 1 }] } },
  'silent-start': { what: 'never answers initialize', script: { initialize: { silent: true } } },
  'version-2': {
    what: 'answers with protocol version 2',
    script: { initialize: { protocolVersion: 2 }, prompts: always(answer) },
  },
  'login-required': { what: 'wants a login for every session', script: { authRequired: 'always' } },
  // the wire
  'log-lines': {
    what: 'prints log lines between its messages',
    script: { wire: { noise: 'INFO working hard' }, prompts: always(answer) },
  },
  'json-log-lines': {
    what: 'prints JSON log lines between its messages, one with an id',
    script: { wire: { noise: '{"level":"info","id":0}' }, prompts: always(answer) },
  },
  'split-bytes': { what: 'writes one byte at a time', script: { wire: { chunkBytes: 1 }, prompts: always(answer) } },
  crlf: { what: 'ends lines as Windows does', script: { wire: { crlf: true }, prompts: always(answer) } },
  bom: { what: 'begins with a byte order mark', script: { wire: { bom: true }, prompts: always(answer) } },
  'string-ids': { what: 'answers with ids as text', script: { wire: { idsAsStrings: true }, prompts: always(answer) } },
  'no-jsonrpc': { what: 'leaves out "jsonrpc"', script: { wire: { omitJsonrpc: true }, prompts: always(answer) } },
  'answers-twice': {
    what: 'answers every request twice',
    script: { wire: { answerTwice: true }, prompts: always(answer) },
  },
  'huge-line': {
    what: 'prints a line of 100 MB in every turn',
    script: { prompts: always([{ type: 'huge-line', bytes: HUNDRED_MB }, ...answer]) },
  },
  'drops-updates': { what: 'loses every second update', script: { wire: { dropEvery: 2 }, prompts: always(answer) } },
  'duplicates-updates': {
    what: 'sends every update twice',
    script: { wire: { duplicate: true }, prompts: always(answer) },
  },
  'reorders-updates': {
    what: 'sends every two updates the wrong way round',
    script: { wire: { reorder: true }, prompts: always(answer) },
  },
  'slow-wire': {
    what: 'waits half a second before each message',
    script: { wire: { delayMs: 500 }, prompts: always(answer) },
  },
  'stops-reading': {
    what: 'reads nothing any more once it has a prompt',
    script: { prompts: always([{ type: 'stop-reading' }, { type: 'hang' }]) },
  },
  // the turn
  'never-answers': { what: 'says nothing to a prompt, ever', script: { prompts: always([{ type: 'hang' }]) } },
  'silent-tool': {
    what: 'begins a tool call and then says nothing more',
    script: {
      prompts: always([
        { type: 'tool', toolCallId: 't1', title: 'a long test run', status: 'in_progress' },
        { type: 'hang' },
      ]),
    },
  },
  'empty-turn': { what: 'ends the turn without a word', script: { prompts: always([]) } },
  'error-as-success': {
    what: 'ends the turn as if it were done, with an error as its text',
    script: { prompts: always([say('API Error: 500 internal server error')]) },
  },
  'cut-stream': {
    what: 'its model breaks off in the middle; the turn ends as if it were done',
    script: { prompts: always([say('I will begin by'), { type: 'usage', used: null }]) },
  },
  'login-lost': {
    what: 'is logged out in the middle of its work',
    script: { prompts: always([{ type: 'answer', error: { code: -32000, message: 'Authentication required' } }]) },
  },
  quota: {
    what: 'has used up its quota and says until when',
    script: {
      prompts: always([
        { type: 'answer', error: { code: -32603, message: 'You have hit your usage limit. Try again in 3 minutes.' } },
      ]),
    },
  },
  'rate-limit': {
    what: 'is told by its model to slow down',
    script: { prompts: always([{ type: 'answer', error: { code: -32603, message: '429 Too Many Requests' } }]) },
  },
  'odd-stop-reason': {
    what: 'stops for a reason the protocol does not know',
    script: { prompts: always([...answer, { type: 'answer', stopReason: 'tired' }]) },
  },
  'late-updates': {
    what: 'goes on talking after the turn has ended',
    script: {
      prompts: always(answer, { after: [say('by the way'), { type: 'delay', ms: 200 }, say('one more thing')] }),
    },
  },
  'early-updates': {
    what: 'sends updates before its session is open',
    script: { new: { before: [say('warming up')] }, prompts: always(answer) },
  },
  'unknown-updates': {
    what: 'sends updates that no version of the protocol knows',
    script: { prompts: always([{ type: 'update', update: { sessionUpdate: 'mood', mood: 'fine' } }, ...answer]) },
  },
  'unknown-requests': {
    what: 'asks the client for things it never offered',
    script: { prompts: always([{ type: 'request', method: '_x/drainQueue' }, ...answer]) },
  },
  // permission
  'asks-permission': {
    what: 'asks before it does anything',
    script: { prompts: always(ask([option('yes', 'allow_once'), option('no', 'reject_once')])) },
  },
  'allow-always-first': {
    what: 'offers "always" before "once"',
    script: {
      prompts: always(
        ask([option('always', 'allow_always'), option('yes', 'allow_once'), option('no', 'reject_once')]),
      ),
    },
  },
  'two-rejects': {
    what: 'offers two refusals, of which one ends the turn',
    script: {
      prompts: always(
        ask([option('accept', 'allow_once'), option('cancel', 'reject_once'), option('decline', 'reject_once')]),
      ),
    },
  },
  'no-reject': {
    what: 'offers no way to refuse',
    script: { prompts: always(ask([option('yes', 'allow_once'), option('odd', 'yolo')])) },
  },
  // cancel
  'ignores-cancel': {
    what: 'goes on when it is cancelled',
    script: { prompts: always([say('working'), { type: 'hang' }], { onCancel: { answer: 'ignore' } }) },
  },
  'cancel-as-success': {
    what: 'says end_turn when it was cancelled',
    script: { prompts: always([say('working'), { type: 'hang' }], { onCancel: { answer: 'end_turn' } }) },
  },
  'cancel-as-error': {
    what: 'answers a cancel with an error',
    script: { prompts: always([say('working'), { type: 'hang' }], { onCancel: { answer: 'error' } }) },
  },
  'talks-after-cancel': {
    what: 'sends more before it gives way to a cancel',
    script: { prompts: always([say('working'), { type: 'hang' }], { onCancel: { steps: [say('just a moment')] } }) },
  },
  // the process
  'dies-mid-turn': {
    what: 'is killed in the middle of a turn',
    script: { prompts: always([say('half a'), { type: 'exit', signal: 'SIGKILL' }]) },
  },
  'dies-mid-message': {
    what: 'is killed in the middle of a message, after 600 bytes',
    script: { wire: { dieAtByte: 600 }, prompts: always([say('a'.repeat(400)), say('b'.repeat(400))]) },
  },
  'closes-stdout': {
    what: 'lives on without its stdout',
    script: { prompts: always([{ type: 'close-stdout' }, { type: 'hang' }]) },
  },
  'stubborn-child': {
    what: 'starts a child that ignores SIGTERM, and does not end when its input ends',
    script: {
      onEof: 'ignore',
      onTerm: 'ignore',
      prompts: always([{ type: 'spawn', pidFile: '{{cwd}}/.stubborn-child.pid', ignoreTerm: true }, ...answer]),
    },
  },
  'slow-to-leave': { what: 'needs 7 s to leave', script: { eofDelayMs: 7_000, prompts: always(answer) } },
  // replay: five styles
  'replay-before': {
    what: 'replays before it answers session/load, as it should',
    script: loads({ before: history() }),
  },
  'replay-after': { what: 'replays after it answered session/load', script: loads({ after: history() }) },
  'replay-split': {
    what: 'replays half before and half after the answer',
    script: loads({ before: history().slice(0, 1), after: history().slice(1) }),
  },
  'replay-new-ids': {
    what: 'replays with message ids that are new every time',
    script: loads({ before: history((n) => `m-${process.pid}-${n}`) }),
  },
  'replay-nothing': { what: 'answers session/load and replays nothing', script: loads({}) },
  'lost-session': {
    what: 'has forgotten the session it is to load',
    script: {
      load: { supported: true, error: { code: -32002, message: 'Session not found' } },
      prompts: always(answer),
    },
  },
};
