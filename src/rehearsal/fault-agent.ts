/**
 * The fault agent: a scriptable ACP agent (protocol 1, raw NDJSON on stdio, no dependency) that does what real agents do
 * wrong, when a script tells it to. For tests; it never calls a model.
 *
 *     conduxt fake-agent --script <file.json>      a script of your own
 *     conduxt fake-agent --fault ignores-cancel    one of the faults of `fault-agent/faults.ts`
 *     conduxt fake-agent --wire dieAtByte=123      with either: its messages bent on the way
 *     conduxt fake-agent --list                    their names, and what each does
 *
 * A complete script (`fault-agent/script.ts` has every setting, `fault-agent/steps.ts` what each step does):
 *
 *     {
 *       "log": "/tmp/x/agent.ndjson",
 *       "initialize": { "version": "1.2.3" },
 *       "resume": { "supported": true },
 *       "load": { "supported": true, "before": [{ "type": "text", "text": "replayed" }] },
 *       "prompts": [
 *         { "steps": [
 *             { "type": "thought", "text": "hm" },
 *             { "type": "plan", "entries": [{ "content": "fix it", "status": "pending", "priority": "high" }] },
 *             { "type": "tool", "toolCallId": "t1", "title": "Edit sum.js", "kind": "edit", "status": "in_progress" },
 *             { "type": "permission",
 *               "toolCall": { "toolCallId": "t1", "title": "Edit sum.js", "kind": "edit" },
 *               "options": [{ "optionId": "yes", "name": "Yes", "kind": "allow_once" },
 *                           { "optionId": "no", "name": "No", "kind": "reject_once" }],
 *               "onAnswer": { "no": [{ "type": "answer", "stopReason": "end_turn" }] } },
 *             { "type": "write-file", "path": "{{cwd}}/.at-the-edit" },
 *             { "type": "wait-for-file", "path": "/tmp/x/go-on" },
 *             { "type": "shell", "command": "sed -i s/-/+/ sum.js && git commit -qam 'fix: add'" },
 *             { "type": "tool-update", "toolCallId": "t1", "status": "completed" },
 *             { "type": "callback", "status": "completed", "lead": "Done.\n",
 *               "fields": { "branch": "fix/issue-78", "files_changed": ["sum.js"],
 *                           "test_results": { "passed": 1, "failed": 0, "skipped": 0 } } } ],
 *           "after": [{ "type": "text", "text": "a late word" }] },
 *         { "match": "please stop", "steps": [{ "type": "hang" }], "onCancel": { "answer": "ignore" } },
 *         { "steps": [{ "type": "exit", "signal": "SIGKILL" }] }
 *       ],
 *       "onEof": "exit"
 *     }
 *
 * Prompts take the first entry of `prompts` that fits (`match`, a regular expression on the text) and is not used up
 * (once without `match`, always with it, or `times`); when all are used up, the last that fits. The turn ends with
 * `end_turn` after the last step unless an `answer`, `no-answer`, `hang` or `exit` step says otherwise.
 * On `session/cancel` the running step is given up and the prompt answered `cancelled`, unless `onCancel` says otherwise.
 *
 * A `request` step with the id `{{prompt_id}}` uses the id of the client's running prompt.
 * `past-prompts` replays what the log says it was told (the first `count` of them), as a history does.
 * `{{nonce}}` and `{{task_id}}` (from the last `"nonce": "…"` and `"task_id": "…"` in the prompts so far), `{{session}}`
 * (CONDUXT_SESSION), `{{cwd}}`, `{{prompt}}` and `{{prompt_id}}` are filled in in texts, paths and commands.
 *
 * The log gets one JSON object per line: `start` (with cwd, args and environment), `received` (method, params),
 * `prompt` (text, id, entry, busy: whether a turn was running), `answered`, `permission` (outcome), `answer` (to a `request`
 * step), `cancel` (idle: whether nothing was running), `shell`, `eof`, `term`. Uses of entries and starts are counted in
 * it, so a script goes on where an earlier process stopped: `"runs": [{ "start": [{"type":"exit","code":1}] }, {}]` fails
 * the first start only. Without a log every start is the first.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { FaultAgent } from './fault-agent/agent.ts';
import { FAULTS } from './fault-agent/faults.ts';
import { readScript, wireOf, type Script } from './fault-agent/script.ts';

const { values } = parseArgs({
  options: {
    script: { type: 'string' },
    fault: { type: 'string' },
    wire: { type: 'string', multiple: true },
    log: { type: 'string' },
    list: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  allowPositionals: true,
});

/** The script that was asked for. Anything else ends the program with code 2 and one sentence. */
function chosenScript(): Script {
  try {
    const log = values.log === undefined ? {} : { log: values.log };
    const bent = (script: Script): Script => ({
      ...script,
      wire: { ...script.wire, ...wireOf(values.wire ?? []) },
      ...log,
    });
    if (values.script !== undefined) return bent(readScript(values.script));
    const fault = FAULTS[values.fault ?? (values.wire === undefined ? '' : 'none')];
    if (fault !== undefined) return bent(fault.script);
    throw new Error(
      values.fault === undefined
        ? 'say which agent to play: --script <file.json> or --fault <name> (--list names them)'
        : `there is no fault "${values.fault}"; --list names those there are`,
    );
  } catch (error) {
    process.stderr.write(`fake-agent: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

if (values.list === true) {
  const faults = Object.entries(FAULTS).map(([name, { what }]) => ({ name, what }));
  const lines = faults.map(({ name, what }) => `${name.padEnd(20)} ${what}`);
  const text = values.json === true ? JSON.stringify({ schemaVersion: 1, faults }) : lines.join('\n');
  writeSync(1, `${text}\n`);
  process.exit(0);
}
const agent = new FaultAgent(chosenScript());
// A client that is gone must not show as a crash of the agent.
process.stdout.on('error', () => {});
process.on('SIGTERM', () => {
  agent.note('term');
  if (agent.run.onTerm !== 'ignore') process.exit(143);
});

await agent.start();
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on('line', (line) => agent.receive(parsed(line)));
lines.on('close', () => {
  agent.note('eof');
  // The timer keeps an agent that ignores the end alive, and bounds it.
  const patienceMs = agent.run.onEof === 'ignore' ? 600_000 : (agent.run.eofDelayMs ?? 0);
  setTimeout(() => process.exit(0), patienceMs);
});

/** What is no JSON is told on stderr: the client under test wrote it. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    process.stderr.write(`fake-agent: not JSON: ${line.slice(0, 200)}\n`);
    return null;
  }
}
