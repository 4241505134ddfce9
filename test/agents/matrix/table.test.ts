import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { DRIVEN_AGENTS } from '../driven.ts';
import { CASES } from './cases.ts';
import { titleOf, type Column } from './column.ts';
import { surroundingsOf, tableOf } from './table.ts';

const cellsOf = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

it('the README has every case and every driven agent in its pinned version, and no cell that failed', () => {
  const readme = readFileSync(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8').split('\n');
  const start = readme.findIndex((line) => /^\| case +\| pi-acp/.test(line));
  const [head = '', , ...rest] = readme.slice(start);
  const rows = rest.slice(0, CASES.length).map(cellsOf);
  assert.deepEqual(
    rows.map(([row]) => row),
    CASES.map(({ row }) => row),
  );
  assert.deepEqual(
    cellsOf(head).slice(1),
    DRIVEN_AGENTS.map(({ pinned }) => titleOf(pinned)),
  );
  for (const cell of rows.flat()) assert.doesNotMatch(cell, /^(FAILED|-|)$/);
});

it('the table shows what was not run as such, and in what surroundings the rest was', () => {
  const [first, second] = CASES.map(({ row }) => row);
  const column: Column = { agent: 'qwen', title: 'qwen 1.0', network: true, cells: { [first ?? '']: 'yes' } };
  const lines = tableOf([column]).split('\n');
  assert.equal(lines.length, CASES.length + 2);
  assert.deepEqual(lines.slice(0, 4), [
    `| case | qwen 1.0 |`,
    '| --- | --- |',
    `| ${first} | yes |`,
    `| ${second} | - |`,
  ]);
  assert.equal(tableOf([]), '');
  assert.match(surroundingsOf([column]), /^Not isolated/);
  assert.match(surroundingsOf([{ ...column, network: false }]), /nothing but the loopback/);
});
