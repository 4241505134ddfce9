import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isOurs, readHookLine } from '../../../src/backend/terminal/hook-events.ts';
import type { HookAnswer } from '../../../src/permission/pre-tool-use.ts';
import { isObject } from '../../../src/backend/acp/json.ts';

const HOOKS = path.resolve(import.meta.dirname, '../../../fixtures/hooks');
const PROGRAM = path.resolve(import.meta.dirname, '../../../src/backend/terminal/hook-program.ts');

/** The events of a recorded run, as the hook program would have written them. */
const recorded = (file: string): unknown[] =>
  readFileSync(path.join(HOOKS, file), 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
    .map((entry) => (isObject(entry) ? (entry['in'] ?? entry['argv']) : null));

const typesOf = (file: string): string[] =>
  recorded(file).map((event) => readHookLine(JSON.stringify(event))?.type ?? 'none');

describe('what agents told through their hooks', () => {
  it('is a whole turn of Claude Code', () => {
    const types = typesOf('claude-print.ndjson').slice(0, 8);
    assert.deepEqual(types, ['session', 'prompt', 'tool', 'tool', 'tool', 'tool', 'stop', 'other']);
    const stop = recorded('claude-print.ndjson').map((event) => readHookLine(JSON.stringify(event)))[6];
    assert.ok(stop?.type === 'stop');
    assert.match(stop.message, /```callback-json/);
    assert.match(stop.nativeId ?? '', /^[0-9a-f-]{36}$/);
  });

  it('names what a tool does', () => {
    const tools = recorded('claude-print.ndjson').map((event) => readHookLine(JSON.stringify(event)));
    const titles = tools.flatMap((event) => (event?.type === 'tool' ? [event.title] : []));
    assert.equal(titles[0], 'Write: /home/lab/work/out.txt');
    assert.match(titles[2] ?? '', /^Bash: cat /);
  });

  it('includes a failure of the model', () => {
    assert.ok(typesOf('claude-stopfailure.ndjson').includes('failed'));
  });

  it('is a turn of codex only when it is not the one that makes up a title', () => {
    const events = recorded('codex-notify.ndjson').map((event) => readHookLine(JSON.stringify(event)));
    const stops = events.filter((event) => event?.type === 'stop');
    assert.equal(stops.length, events.length);
    const ours = (facts: { thread: string | null; tail: string; pastedAtMs?: number }): boolean[] =>
      stops.slice(0, 5).map((stop) => isOurs(stop, { pastedAtMs: 0, ...facts }));
    const tail = 'cwd=/home/lab/workhello';
    assert.match(stops[1]?.message ?? '', /"title"/, 'the title of the same prompt');
    assert.deepEqual(ours({ thread: null, tail }), [false, false, true, false, false], 'by its prompt');
    const thread = stops[0]?.nativeId ?? '';
    assert.deepEqual(ours({ thread, tail }), [true, false, false, true, false], 'by its thread');
  });

  it('is no turn of codex when it is told late, of the one before in the same thread', () => {
    const events = recorded('codex-notify.ndjson').map((event) => readHookLine(JSON.stringify(event)));
    const stops = events.filter((event) => event?.type === 'stop');
    const [first, , , second] = stops;
    assert.ok(first !== undefined && typeof second?.startedMs === 'number');
    assert.equal(first.nativeId, second.nativeId);
    // As recorded: the second turn began 0.1 s before it was told; its prompt was pasted a moment before.
    const facts = { thread: first.nativeId, tail: 'cwd=/home/lab/workhi', pastedAtMs: second.startedMs - 50 };
    assert.deepEqual([isOurs(first, facts), isOurs(second, facts)], [false, true]);
    const untimed = { ...facts, tail: 'LAB-RECALLcwd=/home/lab/workhi' };
    const without = (stop: typeof first): typeof first => ({ ...stop, startedMs: null });
    assert.deepEqual(
      [isOurs(without(first), untimed), isOurs(without(second), untimed)],
      [false, true],
      'by its words',
    );
  });

  it('of codex, by its hooks, are a whole turn, too', () => {
    const types = typesOf('codex-exec.ndjson');
    assert.deepEqual(types.slice(0, 2), ['session', 'prompt']);
    for (const type of ['tool', 'stop']) assert.ok(types.includes(type), type);
    assert.ok(!types.includes('none'));
  });

  it('is nothing when it is no JSON object', () => {
    for (const line of ['', 'x', '[]', '3', '{}', '{"hook_event_name": 4}']) assert.equal(readHookLine(line), null);
  });
});

describe('the program that hooks run', () => {
  it('appends what it is given as one line, by standard input or as an argument, and never fails', (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'conduxt-hook-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'hooks.ndjson');
    const call = (input: string, ...args: string[]): string =>
      execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, file, ...args], {
        input,
        encoding: 'utf8',
      });
    assert.equal(call('{\n  "hook_event_name": "Stop"\n}'), '');
    assert.equal(call('', '{"type":"agent-turn-complete"}'), '');
    assert.equal(call('no JSON'), '');
    assert.deepEqual(readFileSync(file, 'utf8').split('\n'), [
      '{"hook_event_name":"Stop"}',
      '{"type":"agent-turn-complete"}',
      '',
    ]);
    writeFileSync(path.join(dir, 'turn.json'), JSON.stringify({ promptFile: '/run/prompt-1.md' }));
    assert.match(
      call('{"hook_event_name":"SessionStart","source":"compact"}'),
      /"\/run\/prompt-1\.md"\. Read it again/,
    );
  });

  it('answers before a tool by the guard and the permissions, and tells of a refusal', (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'conduxt-hook-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'hooks.ndjson');
    const bash = (command: string, ...more: string[]): unknown => {
      const input = JSON.stringify({
        hook_event_name: 'PreToolUse',
        tool_name: 'Bash',
        cwd: '/w',
        tool_input: { command },
      });
      const args = ['--disable-warning=ExperimentalWarning', PROGRAM, file, ...more];
      const printed = execFileSync(process.execPath, args, { input, encoding: 'utf8' });
      return printed === '' ? null : (JSON.parse(printed) as HookAnswer).hookSpecificOutput?.permissionDecision;
    };
    assert.equal(bash('ls'), null, 'without facts the agent decides');
    const guard = { primaryBranch: 'main', taskBranch: 'fix/x', worktree: '/w', session: 'x' };
    writeFileSync(path.join(dir, 'guard.json'), JSON.stringify({ guard, rules: [], mode: 'approve-all' }));
    assert.equal(bash('npm test'), 'allow');
    assert.equal(bash('git push --force origin main'), 'deny');
    assert.equal(bash('npm test', 'deny-only'), null, 'codex knows no other answer than a refusal');
    assert.equal(bash('git push --force origin main', 'deny-only'), 'deny');
    const refusal = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
    assert.partialDeepStrictEqual(readHookLine(refusal), { type: 'refused', what: 'Bash' });
    writeFileSync(path.join(dir, 'guard.json'), JSON.stringify({ guard, rules: [], mode: 'deny-all' }));
    assert.equal(bash('npm test'), 'deny');
    assert.equal(bash('npm test', 'deny-only'), null, 'its own mode decides, or it could not even read its prompt');
    const uses = (tool_name: string, file_path: string): unknown => {
      const input = JSON.stringify({ hook_event_name: 'PreToolUse', tool_name, cwd: '/w', tool_input: { file_path } });
      const args = ['--disable-warning=ExperimentalWarning', PROGRAM, file];
      const printed = execFileSync(process.execPath, args, { input, encoding: 'utf8' });
      return (JSON.parse(printed) as HookAnswer).hookSpecificOutput?.permissionDecision;
    };
    assert.equal(uses('Read', path.join(dir, 'prompt-t-1.md')), 'allow', 'its own prompt');
    assert.equal(uses('Write', path.join(dir, 'callback.json')), 'allow', 'its own answer');
    assert.equal(uses('Write', path.join(dir, 'guard.json')), 'deny');
    assert.equal(uses('Write', `${dir}/../callback.json`), 'deny');
    writeFileSync(path.join(dir, 'guard.json'), 'damaged');
    assert.equal(bash('npm test'), 'deny');
  });
});
