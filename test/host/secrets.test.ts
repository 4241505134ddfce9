import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch } from './scratch.ts';

const CANARY = 'canary-w0rd/of+the=mine';
const TOKEN = `ghp_${'cD4'.repeat(12)}`;
const PROXY = 'pr0xy-Passw0rd-xyz';
/** Nothing of these may be anywhere; the last three letters of a piece that was cut early are nothing. */
const TRACES = [PROXY, CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString('base64'), TOKEN].flatMap(
  (form) => [form, form.slice(0, Math.ceil(form.length / 2)), form.slice(-Math.ceil(form.length / 2))],
);

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

describe('secrets of the environment', () => {
  it('reach neither journal, transcript, logs, memory, pull request nor a notifier, in any form or cut', async (t) => {
    const scratch = new Scratch(t);
    scratch.env['SHOP_API_KEY'] = CANARY;
    scratch.env['HTTPS_PROXY'] = `http://me:${PROXY}@proxy.test:3128`;
    const told = path.join(scratch.root, 'told');
    const forms = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString('base64'), TOKEN];
    // What tests and set-up print: what they are given, and what stands in files of theirs, also in two pieces.
    const printed = path.join(scratch.root, 'printed');
    writeFileSync(printed, `${CANARY} whole ${forms.join('\n')}\n`);
    const prints = `head -c 9 ${printed}; sleep 0.1; tail -c +10 ${printed}; echo by $HTTPS_PROXY, and on`;
    const said: Step[] = forms.flatMap((form): Step[] => [
      { type: 'text', text: `whole ${form} ` },
      { type: 'text', text: `in two: ${form.slice(0, 9)}` },
      { type: 'text', text: `${form.slice(9)} and on; letter by letter: ` },
      { type: 'text', text: form, chunks: form.length },
      { type: 'thought', text: `I think of ${form}` },
      { type: 'tool', toolCallId: `t-${form.length}`, title: `curl -H ${form}`, rawInput: { command: `echo ${form}` } },
      { type: 'stderr', text: `${form}\n` },
      // Two reads of the host: what comes between them takes its own way, and is waited for.
      { type: 'stderr', text: `log of ${form.slice(0, 9)}` },
      { type: 'text', text: 'a moment ' },
      { type: 'delay', ms: 60 },
      { type: 'stderr', text: `${form.slice(9)} and the rest\n` },
    ]);
    const task = scratch.task(
      {
        log: '/dev/null',
        prompts: [
          {
            steps: [
              ...said,
              { type: 'shell', command: `echo 4 > sum.txt && git commit -qam 'fix: the sum'` },
              {
                type: 'callback',
                status: 'completed',
                fields: { summary: `The key is ${CANARY}, and ${TOKEN}.`, notes: CANARY },
              },
            ],
          },
        ],
      },
      {
        record: {
          hooks: {
            notify: [{ type: 'command', argv: ['/bin/sh', '-c', `env | grep CONDUXT_ > ${told}`] }],
            memoryFile: null,
          },
        },
        task: {
          setup: {
            ...{ from: 'config', copy: [], link: [], timeoutMs: 20_000 },
            commands: [{ type: 'shell', line: prints }],
          },
          verify: {
            ...{ type: 'command', from: 'flag', runner: null, timeoutMs: 20_000 },
            command: { type: 'shell', line: `${prints}; ${prints} >&2; echo "1 passed, 0 failed"` },
          },
        },
      },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    await task.untilType('notified');
    const found = [...filesBelow(scratch.home), told].flatMap((file) => {
      const text = readFileSync(file, 'latin1');
      return TRACES.filter((trace) => text.includes(trace)).map(
        (trace) => `${path.relative(scratch.root, file)}: ${trace}`,
      );
    });
    assert.deepEqual(found, []);
    assert.match(task.hostLog(), /log of \[redacted:SHOP_API_KEY\] and the rest/);
    const transcript = readFileSync(task.paths.transcript, 'utf8');
    assert.match(transcript, /whole \[redacted:SHOP_API_KEY\]/, 'the words were there to be found');
    const { logFile } = (await task.untilType('verification-finished')).receipt;
    for (const log of [logFile, path.join(path.dirname(logFile), 'setup.log')])
      assert.match(
        readFileSync(log, 'utf8'),
        /^\$?.*\[redacted:SHOP_API_KEY\] whole [^]*by http:\/\/me:\[redacted:url-password\]@proxy\.test:3128, and on\n/m,
      );
    assert.match(readFileSync(told, 'utf8'), /CONDUXT_SUMMARY=The key is \[redacted/);
  });
});
