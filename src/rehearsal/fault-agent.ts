/**
 * The fault agent: a scriptable ACP agent (protocol 1, raw NDJSON on stdio, no dependency) that does what real agents do
 * wrong, when a script tells it to. For tests; it never calls a model.
 *
 *     node src/rehearsal/fault-agent.ts --script <file.json>
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
 * `{{nonce}}` and `{{task_id}}` (from the last `"nonce": "…"` and `"task_id": "…"` in the prompts so far), `{{session}}`
 * (CONDUXT_SESSION), `{{cwd}}`, `{{prompt}}` and `{{prompt_id}}` are filled in in texts, paths and commands.
 *
 * The log gets one JSON object per line: `start` (with cwd, args and environment), `received` (method, params),
 * `prompt` (text, id, entry, busy: whether a turn was running), `answered`, `permission` (outcome), `answer` (to a `request`
 * step), `cancel` (idle: whether nothing was running), `shell`, `eof`, `term`. Uses of entries and starts are counted in
 * it, so a script goes on where an earlier process stopped: `"runs": [{ "start": [{"type":"exit","code":1}] }, {}]` fails
 * the first start only. Without a log every start is the first.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { FaultAgent } from './fault-agent/agent.ts';
import { readScript } from './fault-agent/script.ts';

const { values } = parseArgs({ options: { script: { type: 'string' } }, strict: false });
if (typeof values.script !== 'string') {
  process.stderr.write('usage: fault-agent --script <file.json>\n');
  process.exit(2);
}
const agent = new FaultAgent(readScript(values.script));
// A client that is gone must not show as a crash of the agent.
process.stdout.on('error', () => {});
process.on('SIGTERM', () => {
  agent.note('term');
  if (agent.run.onTerm !== 'ignore') process.exit(143);
});

await agent.start();
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on('line', (line) => agent.receive(JSON.parse(line)));
lines.on('close', () => {
  agent.note('eof');
  // The timer keeps an agent that ignores the end alive, and bounds it.
  const patienceMs = agent.run.onEof === 'ignore' ? 600_000 : (agent.run.eofDelayMs ?? 0);
  setTimeout(() => process.exit(0), patienceMs);
});
