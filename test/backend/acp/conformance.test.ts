import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { each, rig } from './rig.ts';

const TEST = path.resolve(import.meta.dirname, '../..');
const acp = (file: string, ...names: string[]): readonly [string, readonly string[]] => [
  `backend/acp/${file}.test.ts`,
  names,
];
const host = (file: string, ...names: string[]): readonly [string, readonly string[]] => [
  `host/${file}.test.ts`,
  names,
];

/** What a client of ACP must survive, check by check: what is checked, and the tests that hold us to it. */
const CHECKS: readonly (readonly [check: string, ...tests: (readonly [string, readonly string[]])[]])[] = [
  // the wire
  [
    '1 log lines of any form on stdout change nothing and are counted',
    acp(
      'wire',
      'log lines on stdout change nothing and are counted',
      'a log line with the id of a pending request does not answer it',
    ),
  ],
  [
    '2 a line split anywhere, with CRLF or a byte order mark, is the same message',
    acp('lines', 'a stream split at every byte position, inside a character too, gives the same lines'),
    acp('wire', 'every wire oddity seen in agents is understood'),
  ],
  [
    '3 a last message without newline counts, half a message does not',
    acp('wire', 'a last message without newline is delivered; half a message is reported'),
  ],
  [
    '4 a line of 100 MB is skipped in bounded memory',
    acp('wire', 'a 100 MB line is skipped in bounded memory, and the connection lives'),
  ],
  [
    '5 ids as text, error null, no jsonrpc, a second answer',
    acp('wire', 'every wire oddity seen in agents is understood'),
  ],
  [
    '6 unknown requests get -32601, unknown notifications nothing',
    acp('wire', 'an unknown request is answered with -32601 and an unknown notification with nothing'),
  ],
  [
    '7 a request under the id of ours is answered, ours stays open',
    acp('wire', 'a request of the agent under the id of ours is answered, and ours stays open'),
  ],
  [
    '8 a slow journal holds the agent back, memory stays bounded',
    acp('wire', 'while the listener is slow the agent is held back, and memory stays bounded'),
  ],
  [
    '9 an agent that stops reading makes nothing grow, and the deadline fires',
    acp('wire', 'an agent that asks without reading is not read any further, and the deadline ends it'),
  ],
  [
    '10 a crash at any byte, a closed stdout, an exit before initialize: everything rejects at once',
    acp(
      'process',
      'an agent that dies at any point of a turn leaves it unknown, at once, with exit code and last words',
    ),
    acp('conformance', 'an agent killed after any byte it writes is noticed at once'),
    acp('handshake', 'an agent that dies while starting is reported with exit code and last words'),
  ],
  // the handshake
  [
    '11 initialize carries version 1 and what is configured; nothing before its answer',
    acp('handshake', 'initialize asks for version 1 and offers nothing; nothing else is sent before its answer'),
  ],
  [
    '12 any other version is refused, naming both',
    acp('handshake', 'any other version is refused by name, and no session is opened'),
  ],
  [
    '13 nothing is sent without its capability',
    acp('handshake', 'what an agent can do is declared from what it says'),
    acp('resume', 'a session that cannot be continued is lost, and never replaced by a new one'),
    acp('turn', 'steering that the agent refuses, or cannot do, is said to be so'),
  ],
  [
    '14 a demanded login gets one unattended attempt, never a terminal method',
    acp('handshake', 'an agent that demands a login gets at most one unattended attempt'),
    acp('auth-method', 'only a login that needs no person is tried, the agent’s own default first'),
  ],
  [
    '15 a silent session/new: the tree is killed, the prompt is still queued',
    acp('handshake', 'an agent that does not answer in time is ended with all it started'),
    host('ending', 'leaves the prompt owed and asks a person; retry hands it over'),
  ],
  [
    '16 updates before the session is open are kept and ordered',
    acp('handshake', 'updates before the session is open are kept in order, outside of any turn'),
  ],
  // the turn
  [
    '17 one prompt at a time, in order',
    acp('turn', 'prompts arrive in order, each once, never while another runs'),
    host('steering', 'two hundred times from eight shells at once arrives in the order it was acknowledged, once each'),
  ],
  [
    '18 a turn settles after the handlers of all its updates',
    acp('turn', 'the turn ends only when every update before its answer was taken in'),
  ],
  [
    '19 late updates reopen nothing and delay the next prompt',
    acp('turn', 'updates after the answer belong to no turn, and the next prompt waits until they are over'),
  ],
  [
    '20 unknown kinds and odd fields are kept and break nothing',
    acp('turn', 'unknown kinds, odd fields and tools never seen before are kept and break nothing'),
  ],
  [
    '21 an empty turn is a failure',
    acp('turn', 'answers that are no success are failures with their own text'),
    acp('faults', 'every published fault leads to a named outcome, and leaves no process behind'),
  ],
  [
    '22 unknown stop reasons and errors fail with the original text',
    acp('verdict', 'unknown stop reasons and errors fail with the original text'),
  ],
  [
    '23 silence warns, the wall clock ends',
    acp('turn', 'silence only warns, and says that a tool is running; the wall clock ends the turn'),
  ],
  // cancel
  [
    '24 every pending permission is answered cancelled, once; a later answer is dropped',
    acp(
      'cancel',
      'every pending permission is answered cancelled before the cancel, once, and a later answer is dropped',
    ),
  ],
  [
    '25 after a cancel the verdict is cancelled, whatever the answer',
    acp('cancel', 'the verdict is cancelled whatever the agent answers, and updates up to then are kept'),
  ],
  ['26 a cancel while idle writes nothing', acp('cancel', 'while idle a cancel writes nothing')],
  [
    '27 a cancel right behind the prompt works; one that is lost ends by the ladder',
    acp(
      'cancel',
      'a cancel right behind the prompt works; two of them are one',
      'an agent that ignores the cancel is ended with its tree by the deadline',
    ),
  ],
  [
    '28 a cancel leaves the queue alone unless asked',
    host('ending', 'ends the running turn and the queue goes on', '--queued drops what is owed and nothing else'),
  ],
  [
    '29 a withdrawn permission is answered',
    acp('cancel', 'a permission that the agent withdraws is answered cancelled'),
  ],
  // permission
  [
    '30 a refusal chooses among refusals only',
    acp(
      'permission-options',
      'an option is chosen by its kind, preferred ids first, whatever the order',
      'without a fitting option the outcome is cancelled',
      'whatever is offered, a refusal never selects what allows, and nothing unknown is ever selected',
    ),
  ],
  ['31 allowed once, never for ever unasked', host('ending', 'under approve-all are allowed once, never for ever')],
  ['32 no answer by the deadline is a refusal', host('ending', 'that nobody answers are refused at the deadline')],
  // recovery
  [
    '33 killed at any point, every prompt is queued, settled or unknown; none lost, none twice',
    ['faults/simulation.test.ts', ['crashes after any step']],
    ['faults/syscalls/tell.test.ts', ['nothing acknowledged is lost, nothing is there twice']],
    ['faults/resume.test.ts', ['loses no prompt and doubles none, and announces each rung']],
    host('history', 'as never begun, when it has no such prompt: it is handed over again, and that is said'),
  ],
  [
    '34 an old tree is ended by pid and start time, a recycled pid left alone',
    [
      'process/group.test.ts',
      [
        'a recorded process is ended while it is still that very process',
        'a number that belongs to another process by now is never signalled',
      ],
    ],
  ],
  [
    '35 a replay adds nothing and starts nothing',
    acp('resume', 'a replay, in any style, is no update of a turn and starts none'),
  ],
  [
    '36 each answer to load and resume leads to its documented state',
    acp(
      'resume',
      'null and empty results mean that the session goes on',
      'a session that cannot be continued is lost, and never replaced by a new one',
    ),
  ],
  [
    '37 two of us on one session: the second refuses',
    host('crash', 'and two callers start it again at once, one host lives and both are answered'),
    ['lock/file-lock.test.ts', ['is held by one of several processes that start at once']],
  ],
  // processes
  [
    '38 nothing is left after a stop, however it resists',
    acp(
      'process',
      'closing ends the agent and everything it started, however it resists',
      'an agent that needs a moment after its input is closed gets it',
    ),
  ],
  [
    '39 the environment is built, not inherited',
    acp('process', 'the environment of the agent is exactly the one given, and the marker'),
    [
      'agents/environment.test.ts',
      ['gives each agent the variables of its profile, and never what Claude leaves in its children'],
    ],
  ],
  // with others
  [
    '40 agents built with the official SDKs, the official client, real agents',
    acp(
      'sdk-interop',
      'is driven through a session’s whole life',
      'the official client is served by the fake agent',
      "version: '2.4.0'",
      "version: '1.9.0'",
      "version: '1.0.0'",
    ),
    ['agents/pi.test.ts', ['leaves nothing behind when it is closed in the middle of a command']],
    ['agents/matrix/session-cases.ts', ['does a whole turn and ends with the callback that was asked for']],
    ['agents/matrix/task-cases.ts', ['turns issue 78 into a verified pull request and leaves nothing running']],
  ],
];

test('each of the forty checks has its tests', () => {
  assert.deepEqual(
    CHECKS.map(([check]) => Number.parseInt(check, 10)),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  const missing = CHECKS.flatMap(([check, ...tests]) =>
    tests.flatMap(([file, names]) => {
      const text = readFileSync(path.join(TEST, file), 'utf8');
      return names.filter((name) => !text.includes(name)).map((name) => `${check}: ${file} has no "${name}"`);
    }),
  );
  assert.deepEqual(missing, []);
});

test('an agent killed after any byte it writes is noticed at once', async (t) => {
  // Its answers to initialize and session/new are about 300 bytes, its update and its end about as much.
  const bytes = [1, 20, 150, 188, 189, 230, 260, 300, 400, 450, 500];
  const outcomes: string[] = [];
  await each(bytes, async (dieAtByte) => {
    const agent = await rig(t, {
      wire: { dieAtByte },
      prompts: [{ steps: [{ type: 'text', text: 'x'.repeat(200) }] }],
    });
    const outcome = await agent.open().then(
      async (session) => {
        const end = await session.prompt({ turnId: 'a', text: 'go' });
        assert.equal((await session.exited).signal, 'SIGKILL');
        return `${end.verdict} ${end.failure ?? ''}`;
      },
      (error: unknown) => (error as { code: string }).code,
    );
    outcomes.push(outcome);
  });
  assert.deepEqual([...new Set(outcomes)].sort(), ['agent-not-started', 'unknown agent-exited']);
});
