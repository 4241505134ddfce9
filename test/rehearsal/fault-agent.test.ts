import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { scratchDir } from '../process/scratch.ts';
import { run, type RunResult } from '../../src/process/run.ts';
import { FAULTS } from '../../src/rehearsal/fault-agent/faults.ts';
import { readScript, wireOf } from '../../src/rehearsal/fault-agent/script.ts';

const program = fileURLToPath(new URL('../../src/rehearsal/fault-agent.ts', import.meta.url));

async function inScratch(script: unknown, use: (path: string, dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'conduxt-fault-'));
  try {
    const path = join(dir, 'script.json');
    await writeFile(path, JSON.stringify(script).replaceAll('{{dir}}', dir));
    await use(path, dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
const play = (path: string, dir: string, lines: readonly object[]): Promise<RunResult> =>
  run(process.execPath, [program, '--script', path], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', CONDUXT_SESSION: 's-1' },
    input: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    timeoutMs: 10_000,
  });

test('the script in the docstring is a valid script', async () => {
  const source = await readFile(program, 'utf8');
  const lines = source.split('\n').filter((line) => line.startsWith(' *     '));
  const text = lines.slice(lines.findIndex((line) => line === ' *     {')).map((line) => line.slice(3));
  await inScratch(JSON.parse(text.join('\n')), async (path) => {
    assert.equal(readScript(path).prompts?.length, 3);
  });
});

test('a mistake in a script is named with its place', async () => {
  const cases: readonly [unknown, RegExp][] = [
    [
      { prompts: [{ steps: [{ type: 'txt', text: 'x' }] }] },
      /script\.prompts\[0\]\.steps\[0\]: unknown step "txt"; known: text, /,
    ],
    [{ start: [{ type: 'text' }] }, /script\.start\[0\]\.text: missing/],
    [{ load: { after: [{ type: 'delay', ms: '5' }] } }, /script\.load\.after\[0\]\.ms: expected number/],
    [{ start: [{ type: 'hang', ms: 5 }] }, /script\.start\[0\]: unknown field "ms"/],
    [
      { prompts: [{ steps: [{ type: 'permission', options: [], onAnswer: { yes: [{}] } }] }] },
      /onAnswer\.yes\[0\]: a step needs/,
    ],
    [[], /a script is a JSON object/],
  ];
  for (const [script, message] of cases) {
    await inScratch(script, async (path) => assert.throws(() => readScript(path), { message }));
  }
});

test('a prompt is logged with the values picked from it, and the callback carries them', async () => {
  const script = {
    log: '{{dir}}/{{session}}.log',
    prompts: [{ steps: [{ type: 'callback', status: 'completed', fields: { branch: 'fix/x' } }] }],
  };
  await inScratch(script, async (path, dir) => {
    const text = 'Do it. End with {"task_id": "issue-78", "nonce": "n-1.2", "status": "…"}';
    const { stdout, exitCode } = await play(path, dir, [
      { id: 1, method: 'initialize', params: {} },
      { id: 2, method: 'session/prompt', params: { sessionId: 'x', prompt: [{ type: 'text', text }] } },
    ]);
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      /\\"task_id\\": \\"issue-78\\",\\n {2}\\"nonce\\": \\"n-1\.2\\",\\n {2}\\"status\\": \\"completed\\"/,
    );
    const log = await readFile(join(dir, 's-1.log'), 'utf8');
    assert.match(log, /"event":"prompt".*"text":"Do it\./);
  });
});

test('entries are used up across starts, and runs change one start', async () => {
  const script = {
    log: '{{dir}}/log',
    runs: [{ start: [{ type: 'exit', code: 5 }] }, {}],
    prompts: [{ steps: [{ type: 'text', text: 'first' }] }, { steps: [{ type: 'text', text: 'second' }] }],
  };
  await inScratch(script, async (path, dir) => {
    const prompt = {
      id: 1,
      method: 'session/prompt',
      params: { sessionId: 'x', prompt: [{ type: 'text', text: 'go' }] },
    };
    const results: RunResult[] = [];
    for (let start = 0; start < 4; start += 1) results.push(await play(path, dir, [prompt]));
    assert.deepEqual(
      results.map(({ exitCode, stdout }) => [exitCode, /"text":"(\w+)"/.exec(stdout)?.[1]]),
      [
        [5, undefined],
        [0, 'first'],
        [0, 'second'],
        [0, 'second'],
      ],
    );
  });
});

test('the command names its faults, plays one, and says what it does not know', async (t) => {
  const home = await scratchDir(t);
  const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url));
  const command = (args: readonly string[], input = ''): Promise<RunResult> =>
    run(process.execPath, ['--disable-warning=ExperimentalWarning', bin, 'fake-agent', ...args], {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: home, XDG_CACHE_HOME: home },
      input,
      timeoutMs: 20_000,
    });
  const initialize = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })}\n`;
  const [list, json, played, unknown, none] = await Promise.all([
    command(['--list']),
    command(['--list', '--json']),
    command(['--fault', 'string-ids'], `what is this\n${initialize}`),
    command(['--fault', 'no-such']),
    command([]),
  ]);
  assert.deepEqual(list.stdout.trimEnd().split('\n').length, Object.keys(FAULTS).length);
  assert.match(list.stdout, /^ignores-cancel {2,}goes on when it is cancelled$/m);
  const { faults } = JSON.parse(json.stdout) as { faults: { name: string }[] };
  assert.deepEqual(
    faults.map(({ name }) => name),
    Object.keys(FAULTS),
  );
  assert.deepEqual([played.exitCode, (JSON.parse(played.stdout) as { id: unknown }).id], [0, '1']);
  assert.match(played.stderr, /not JSON: what is this/);
  assert.deepEqual([unknown.exitCode, none.exitCode], [2, 2]);
  assert.match(unknown.stderr, /there is no fault "no-such"; --list names/);
});

/** Each way to go wrong that the manual promises, and how it is asked for. */
const WAYS: readonly (readonly [way: string, fault: string | null, wire?: string])[] = [
  ['delays', 'slow-wire', 'delayMs=5'],
  ['drops', 'drops-updates', 'dropEvery=2'],
  ['duplicates', 'duplicates-updates', 'duplicate'],
  ['reorders', 'reorders-updates', 'reorder'],
  ['pollutes stdout', 'json-log-lines', 'noise=INFO a log line'],
  ['splits lines at every byte', 'split-bytes', 'chunkBytes=1'],
  ['lines of 100 MB', 'huge-line'],
  ['ignores cancel', 'ignores-cancel'],
  ['answers it with end_turn', 'cancel-as-success'],
  ['late updates', 'late-updates'],
  ['early updates', 'early-updates'],
  ['odd permission options: always first', 'allow-always-first'],
  ['odd permission options: two refusals', 'two-rejects'],
  ['odd permission options: none', 'no-reject'],
  ['grandchildren that ignore TERM', 'stubborn-child'],
  ['dies at any byte', 'dies-mid-message', 'dieAtByte=321'],
  ['replays before its answer', 'replay-before'],
  ['replays after its answer', 'replay-after'],
  ['replays before and after', 'replay-split'],
  ['replays under new ids', 'replay-new-ids'],
  ['replays nothing', 'replay-nothing'],
];

test('each way to go wrong is a fault, or a setting of the wire', () => {
  for (const [way, fault, wire] of WAYS) {
    if (fault !== null) assert.ok(FAULTS[fault], way);
    if (wire !== undefined) assert.equal(Object.keys(wireOf([wire])).length, 1, way);
  }
  assert.deepEqual(wireOf(['chunkBytes=3', 'crlf', 'bom=false', 'noise=a=b']), {
    chunkBytes: 3,
    crlf: true,
    bom: false,
    noise: 'a=b',
  });
  assert.throws(() => wireOf(['size=1']), /--wire: unknown setting "size"; known: chunkBytes, crlf/);
  assert.throws(() => wireOf(['dieAtByte']), /--wire dieAtByte: expected dieAtByte=<number>/);
  assert.throws(() => wireOf(['chunkBytes=many']), /expected chunkBytes=<number>/);
});

test('the wire is bent from the command line, with any fault, and dies at any byte', async () => {
  const play = (...args: string[]): Promise<RunResult> =>
    run(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      input: `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })}\n`,
      timeoutMs: 20_000,
    });
  const whole = await play('--wire', 'omitJsonrpc', '--fault', 'string-ids');
  assert.match(whole.stdout, /^\{"id":"1"/);
  const bytes = [1, 2, 37, 100];
  const cut = await Promise.all(bytes.map((at) => play('--wire', `dieAtByte=${at}`)));
  assert.deepEqual(
    cut.map(({ stdout, signal }) => [stdout.length, signal]),
    bytes.map((at) => [at, 'SIGKILL']),
  );
});
