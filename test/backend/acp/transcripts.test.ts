import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isObject, listAt, objectAt, textAt } from '../../../src/backend/acp/json.ts';
import { parseLine } from '../../../src/backend/acp/lines.ts';
import { classify } from '../../../src/backend/acp/message.ts';
import { MessageLog } from '../../../src/backend/acp/message-log.ts';
import { chooseOption } from '../../../src/backend/acp/permission-options.ts';
import { permissionRequestOf } from '../../../src/backend/acp/permission-request.ts';
import { isSignOfLife, viewOf } from '../../../src/backend/acp/view.ts';

const agents = ['claude-agent-acp', 'codex-acp', 'gemini', 'opencode', 'pi'];
const folder = new URL('../../../fixtures/transcripts/', import.meta.url);

interface RecordedTurn {
  readonly prompt: string;
  readonly log: MessageLog;
  readonly tools: Set<string>;
  signs: number;
  stopReason: string | null;
}

/** Everything an agent sent, as our client reads it: turns between a prompt and its answer, the rest outside of them. */
function replay(agent: string, name: string): { turns: RecordedTurn[]; permissions: unknown[]; answers: unknown[] } {
  const turns: RecordedTurn[] = [];
  const permissions: unknown[] = [];
  const answers: unknown[] = [];
  let running: { id: unknown; turn: RecordedTurn } | null = null;
  for (const line of readFileSync(new URL(`${agent}/${name}.ndjson`, folder), 'utf8').split('\n')) {
    if (line === '') continue;
    const record: unknown = JSON.parse(line);
    const raw = isObject(record) ? record['msg'] : undefined;
    const parsed = parseLine(Buffer.from(JSON.stringify(raw)));
    assert.equal(parsed.type, 'json');
    const message = classify(parsed.type === 'json' ? parsed.value : null);
    assert.notEqual(message.type, 'noise', line);
    const fromAgent = textAt(record, 'dir') === 'a2c';
    if (!fromAgent && message.type === 'request' && message.method === 'session/prompt') {
      const prompt = textAt(listAt(message.params, 'prompt')[0], 'text') ?? '';
      const turn: RecordedTurn = { prompt, log: new MessageLog(), tools: new Set(), signs: 0, stopReason: null };
      turns.push(turn);
      running = { id: message.id, turn };
    } else if (!fromAgent && message.type === 'result') {
      answers.push(message.result);
    } else if (fromAgent && message.type === 'notification' && message.method === 'session/update') {
      const view = viewOf(objectAt(message.params, 'update'));
      if (running === null) continue;
      if (isSignOfLife(view)) running.turn.signs += 1;
      if (view.type === 'message') running.turn.log.chunk(view.text, view.messageId);
      if (view.type === 'tool') {
        running.turn.log.tool();
        running.turn.tools.add(view.toolCallId);
      }
    } else if (fromAgent && message.type === 'request' && message.method === 'session/request_permission') {
      permissions.push(message.params);
    } else if (fromAgent && message.type === 'result' && message.id === running?.id) {
      running.turn.stopReason = textAt(message.result, 'stopReason');
      running = null;
    }
  }
  return { turns, permissions, answers };
}

function callbackIn(message: string | undefined): unknown {
  const block = /^```callback-json\n([^]*?)\n```/m.exec(message ?? '')?.[1];
  return block === undefined ? null : JSON.parse(block);
}

for (const agent of agents) {
  test(`${agent}: the callback is in the last message, apart from what was said before the tools`, () => {
    const [write, recall] = replay(agent, 'normal').turns;
    const [last, first] = write?.log.lastFirst() ?? [];
    assert.equal(write?.stopReason, 'end_turn');
    assert.ok(last?.startsWith('All done.'), last);
    assert.equal(first, 'I will write the file first.');
    assert.ok(write.tools.size >= 2);
    assert.equal((callbackIn(last) as Record<string, unknown>)['nonce'], 'LAB-7f3a');
    assert.ok(callbackIn(recall?.log.lastFirst()[0]) !== null);
  });

  test(`${agent}: a permission is allowed by the option that the recorded client chose`, () => {
    const { turns, permissions, answers } = replay(agent, 'perm');
    assert.ok(callbackIn(turns[0]?.log.lastFirst()[0]) !== null);
    // pi never asks.
    assert.equal(permissions.length > 0, agent !== 'pi');
    const outcomes = permissions.map((params) => ({
      outcome: chooseOption({ type: 'allow', always: false }, listAt(params, 'options'), []),
    }));
    assert.deepEqual(
      outcomes,
      answers.filter((answer) => isObject(answer) && 'outcome' in answer),
    );
    for (const params of permissions) {
      const rejection = chooseOption({ type: 'reject' }, listAt(params, 'options'), []);
      assert.equal(rejection.outcome, 'selected');
      const request = permissionRequestOf(params);
      assert.equal(request.kind, 'execute');
      // gemini names the command in the title only.
      assert.equal(request.command, agent === 'gemini' ? null : 'touch /home/lab/work/perm.txt');
    }
  });

  test(`${agent}: a loaded conversation brings nothing of the past into the next turn`, () => {
    const { turns } = replay(agent, 'load');
    for (const turn of turns) {
      assert.ok(turn.signs > 0);
      const [last] = turn.log.lastFirst();
      // The old turn's answer never shows up in a turn that asked for something else.
      if (turn.prompt.startsWith('LAB-RECALL')) assert.ok(last?.startsWith('Recall.'), last);
    }
  });
}
