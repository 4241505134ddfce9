import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch, type LiveSession } from '../host/scratch.ts';

const FULL = process.env['FAULTS'] === 'all';
const POINTS = FULL ? 200 : 9;
const WORKERS = 3;
const STEPS = 6;

const victims = ['host', 'agent', 'both'] as const;
/** What the agent can do with a session it had, and what is announced then. */
const ladder = { resume: 'resumed', load: 'loaded', none: 'new' } as const;

interface Point {
  readonly victim: (typeof victims)[number];
  readonly can: keyof typeof ladder;
  /** The step of the first turn after which it is killed; null: idle, after the turn. */
  readonly step: number | null;
}

/** Every victim at every rung, at a moment that wanders through the turn and behind it. */
function pointOf(index: number): Point {
  const moment = Math.floor(index / 9 + index) % (STEPS + 1);
  return {
    victim: victims[index % 3] ?? 'host',
    can: (['resume', 'load', 'none'] as const)[Math.floor(index / 3) % 3] ?? 'none',
    step: moment === STEPS ? null : moment,
  };
}

/** Kills at the point, says one thing more, and looks at what became of both prompts. @returns what is wrong. */
async function prove(scratch: Scratch, index: number): Promise<{ readonly wrong: string[]; readonly state: string }> {
  const point = pointOf(index);
  const name = `point-${index}`;
  const fileOf = (step: number): string => path.join(scratch.root, `${name}.${step}`);
  const steps = Array.from({ length: STEPS }, (_, step): Step[] => [
    { type: 'text', text: `${step} ` },
    { type: 'write-file', path: fileOf(step) },
    { type: 'delay', ms: 10 },
  ]).flat();
  const script: Script = {
    resume: { supported: point.can === 'resume' },
    load: { supported: point.can === 'load' },
    prompts: [
      { match: 'first$', steps },
      { match: '.', steps: [{ type: 'text', text: 'ok' }] },
    ],
  };
  const session = scratch.plain(script, { name });
  await session.tell('first');
  if (point.step === null) await session.untilType('turn-ended');
  else await session.untilFile(fileOf(point.step));
  await kill(session, point.victim);
  await session.tell('second');
  await session.until('the second turn', (record, all) => {
    const told = all.find((one) => one.type === 'prompt-queued' && one.key === 'key/second');
    return record.type === 'turn-ended' && told?.type === 'prompt-queued' && record.promptId === told.promptId;
  });
  const wrong = problemsOf(session, point).map((text) => `${name} (${JSON.stringify(point)}): ${text}`);
  const state = session.view().folded.prompts.byKey.get('key/first')?.state ?? 'lost';
  await session.call({ op: 'stop' });
  return { wrong, state };
}

async function kill(session: LiveSession, victim: Point['victim']): Promise<void> {
  if (victim !== 'host') await session.killAgent();
  if (victim !== 'agent') await session.killHost();
}

function problemsOf(session: LiveSession, { can }: Point): string[] {
  const wrong: string[] = [];
  const seen = session.prompts();
  const { byKey } = session.view().folded.prompts;
  for (const text of ['first', 'second']) {
    const times = seen.filter((prompt) => prompt.endsWith(text)).length;
    if (times !== 1) wrong.push(`the agent saw "${text}" ${times} times`);
  }
  const states = [byKey.get('key/first')?.state ?? 'lost', byKey.get('key/second')?.state ?? 'lost'];
  if (!['done', 'unknown'].includes(states[0] ?? '')) wrong.push(`"first" is ${states[0]}`);
  if (states[1] !== 'done') wrong.push(`"second" is ${states[1]}`);
  const journal = session.journal();
  const opened = journal.flatMap((record) => (record.type === 'agent-session' ? [record] : []));
  const [before, after] = opened;
  if (opened.length !== 2) wrong.push(`the agent was opened ${opened.length} times`);
  if (after?.continuity !== ladder[can]) wrong.push(`announced as ${after?.continuity}`);
  if (can !== 'none' && after?.nativeId !== before?.nativeId) wrong.push('another conversation under its name');
  const told = /could not be resumed/.test(seen.at(-1) ?? '');
  if ((can === 'none') !== (after?.lost !== undefined)) wrong.push(`lost: ${after?.lost}`);
  if ((can === 'none') !== told) wrong.push(`the agent was ${told ? '' : 'not '}told that it forgot`);
  const order = journal.flatMap(({ type }) => (type === 'agent-started' || type === 'agent-exited' ? [type] : []));
  if (order.slice(0, 3).join() !== 'agent-started,agent-exited,agent-started') wrong.push(`order: ${order.join()}`);
  return wrong;
}

describe('kill -9 of host, agent or both, in the middle of a turn and idle', () => {
  it(
    `at ${POINTS} points loses no prompt and doubles none, and announces each rung`,
    { timeout: 1_800_000 },
    async (t) => {
      const scratch = new Scratch(t);
      const waiting = Array.from({ length: POINTS }, (_, index) => index);
      const wrong: string[] = [];
      const states = new Map<string, number>();
      const worker = async (): Promise<void> => {
        for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
          const proved = await prove(scratch, index);
          wrong.push(...proved.wrong);
          states.set(proved.state, (states.get(proved.state) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, worker));
      t.diagnostic(`${POINTS} kills; the prompt they met: ${JSON.stringify(Object.fromEntries(states))}`);
      assert.deepEqual(wrong, []);
      assert.ok((states.get('unknown') ?? 0) > 0 && (states.get('done') ?? 0) > 0, 'both kinds of moment were met');
    },
  );
});
