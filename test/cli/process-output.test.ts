import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { execPath } from 'node:process';
import path from 'node:path';
import { run } from '../../src/process/run.ts';

const MODULE = path.resolve(import.meta.dirname, '../../src/cli/process-output.ts');

/** Runs a program with both of its streams in one pipe, and returns what came through it. */
async function printed(body: string): Promise<string> {
  const program =
    `const { ProcessOutput } = await import(${JSON.stringify(MODULE)});` +
    'const stdout = { fd: 1, open: () => process.stdout };' +
    'const out = new ProcessOutput(stdout, (error) => { console.error(error.code); });' +
    `const err = new ProcessOutput({ fd: 2, open: () => process.stderr }, () => {}, out); ${body}`;
  const env = { PATH: process.env['PATH'] ?? '', PROGRAM: program, NODE: execPath };
  const line = 'exec "$NODE" --disable-warning=ExperimentalWarning --input-type=module -e "$PROGRAM" 2>&1';
  const result = await run('sh', ['-c', line], { cwd: import.meta.dirname, env, timeoutMs: 30_000 });
  return result.stdout;
}

describe('output of this process', () => {
  it('comes out in the order in which both streams were written', async () => {
    const text = await printed("out.write('a'); out.write('b'); err.write('C'); out.write('d'); err.write('E');");
    assert.equal(text, 'abCdE');
  });

  it('is all there when the process ends by itself, without being settled', async () => {
    const text = await printed("for (let n = 0; n < 100_000; n += 1) out.write(n + ' ');");
    assert.equal(text, `${Array.from({ length: 100_000 }, (_, n) => n).join(' ')} `);
  });

  it('takes bytes that are put together, in their place among the texts', async () => {
    const text = await printed(
      "const bytes = Buffer.from('1 '); for (let n = 0; n < 50_000; n += 1) { bytes[0] = 48 + (n % 10); out.compose((text) => text.copy(bytes)); }" +
        "out.write('–');",
    );
    assert.equal(text, `${Array.from({ length: 50_000 }, (_, n) => `${n % 10} `).join('')}–`);
  });

  it('has no room for more while much waits for its reader, and has it again when it was read', async () => {
    const body =
      "const line = 'x'.repeat(64 * 1024); const before = out.room(); let count = 0;" +
      'while (out.room() === null && count < 1000) { out.write(line); count += 1; }' +
      'const after = out.room(); await after; out.write(`\\n${before === null} ${count < 1000} ${out.room() === null}`);';
    assert.match(await printed(body), /^x+\ntrue true true$/);
  });

  it('is all there when it was settled', async () => {
    assert.equal(await printed("out.write('a'); await out.settle(); process.kill(process.pid, 'SIGKILL');"), 'a');
  });

  it('goes out in few calls, however many pieces it was written in', async () => {
    const count =
      "const fs = process.getBuiltinModule('node:fs'); let calls = 0; const { writeSync } = fs;" +
      'fs.writeSync = (...args) => { calls += 1; return writeSync(...args); };' +
      "process.getBuiltinModule('node:module').syncBuiltinESMExports();";
    const text = await printed(
      `${count} for (let n = 0; n < 1000; n += 1) out.write('x'); await out.settle(); err.write(' ' + calls);`,
    );
    assert.match(text, /^x{1000} 1$/);
  });

  it("needs none of Node's streams as long as it is short", async () => {
    const text = await printed(
      "const opened = []; stdout.open = () => opened.push('opened');" +
        "out.write('a'); await out.settle(); err.write(out.isTTY + ' ' + opened.length);",
    );
    assert.equal(text, 'afalse 0');
  });

  it('comes out whole through a pipe that another process made refuse to wait', async () => {
    // As Node makes each pipe that it opens as a stream, also for those who share it.
    const refusing = 'process.stdout;';
    const filled = "const fs = process.getBuiltinModule('node:fs'); try { for (;;) fs.writeSync(1, '.'); } catch {}";
    const text = await printed(`${refusing} ${filled} out.write('after '); out.write('all'); await out.settle();`);
    assert.match(text, /^\.+after all$/);
  });
});
