import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Usage } from '../../src/session/events.ts';
import { turnsOf, usageJson } from '../../src/views/usage.ts';
import { dayTable, sessionTable, turnTable, usageNote } from '../../src/views/usage-tables.ts';
import { textOf } from './samples.ts';
import { ended, handed, journalOf, plainRecord, queued, sessionRecord } from '../session/samples.ts';

const turn = (id: string, usage?: Usage) => [queued(id), handed(id), ended(id, usage === undefined ? {} : { usage })];
const spent: Usage = { inputTokens: 1000, outputTokens: 200, costAmount: 0.5, costCurrency: 'USD' };
const dayOf = (iso: string): string => iso.slice(0, 10);

describe('the usage of sessions', () => {
  it('is told by turn with what each one alone cost', () => {
    const turns = turnsOf(journalOf([...turn('p-1', spent), ...turn('p-2', { ...spent, costAmount: 0.75 })]));
    assert.deepEqual(
      turns.map(({ usage, kind }) => [kind, usage?.costAmount, usage?.totalTokens]),
      [
        ['user', 0.5, 1200],
        ['user', 0.25, 1200],
      ],
    );
  });

  it('leaves out what a deposed host wrote', () => {
    const deposed = journalOf(turn('p-2', spent), 1, 10);
    const records = [...journalOf(turn('p-1', spent), 2), ...deposed];
    assert.equal(turnsOf(records).length, 1);
  });

  it('is told by session and by day, costs by currency', () => {
    const first = journalOf([...turn('p-1', spent), ...turn('p-2')]);
    const later = journalOf(turn('p-3', { costAmount: 2, costCurrency: 'EUR' })).map((record) => ({
      ...record,
      at: '2023-11-16T10:00:00.000Z',
    }));
    const json = usageJson(
      [
        { record: sessionRecord(), turns: turnsOf(first) },
        { record: plainRecord(), turns: turnsOf(later) },
      ],
      dayOf,
    );
    assert.deepEqual(
      json.days.map(({ day, sessions, turns, costs }) => ({ day, sessions, turns, costs })),
      [
        { day: '2023-11-16', sessions: 1, turns: 1, costs: { EUR: 2 } },
        { day: '2023-11-14', sessions: 1, turns: 2, costs: { USD: 0.5 } },
      ],
    );
    assert.deepEqual(
      json.sessions.map(({ session, totalTokens, unreported }) => ({ session, totalTokens, unreported })),
      [
        { session: 'helper', totalTokens: 0, unreported: 1 },
        { session: 'issue-78', totalTokens: 1200, unreported: 1 },
      ],
    );
    assert.deepEqual(json.total.costs, { USD: 0.5, EUR: 2 });
    assert.match(usageNote(json.total) ?? '', /^2 of 3 turns came without/);
  });

  it('is shown in aligned tables, with a dash where nothing is known', () => {
    const record = sessionRecord();
    const turns = turnsOf(
      journalOf([...turn('p-1', { ...spent, contextTokens: 500, contextSize: 2000 }), ...turn('p-2')]),
    );
    const json = usageJson([{ record, turns }], dayOf);
    assert.deepEqual(dayTable(json.days).map(textOf), [
      'DAY         SESSIONS  TURNS  INPUT  OUTPUT  TOKENS      COST',
      '2023-11-14         1      2   1.0k     200    1.2k  0.50 USD',
    ]);
    assert.match(textOf(sessionTable(json.sessions, true)[1] ?? []), /^demo\/issue-78 .* 25% of 2\.0k$/);
    const [, , second] = turnTable(turns).map(textOf);
    assert.match(second ?? '', /^ *2 .* done .* - +- +- +- +-$/);
  });
});
