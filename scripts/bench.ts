/**
 * `npm run bench [-- --runs 15] [--only start,warm] [--json file] [--markdown] [--no-peer]`: what conduxt costs, beside the
 * physical floor and the closest peer, as ratios of runs that stood side by side. With `--markdown` the manual's table
 * comes last. `npm run bench:ci` measures the short parts
 * with few runs and fails only far beyond their goals: a guard, not a figure.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Part, Row } from './bench/row.ts';
import { parts } from './bench/parts.ts';
import { Stage } from './bench/stage.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    only: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    'no-peer': { type: 'boolean', default: false },
    ci: { type: 'boolean', default: false },
  },
});
/** Ratios to the floor beyond which CI fails: twice the goals and more, for machines that are busy with other things. */
const GUARDS: Readonly<Record<string, number>> = {
  'conduxt --version': 2.5,
  'status, 1 session': 3.5,
  'status, 100 sessions': 6,
  'tell, acknowledged': 4,
  'cancel of a running prompt': 5,
};

const rounds = values.ci ? 5 : Number(values.runs);
const only = values.only?.split(',') ?? parts.filter((part) => !values.ci || part.inCi).map((part) => part.name);
const unknown = only.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0 || !(rounds >= 1)) {
  console.error(`bench: no part ${unknown.join(', ')}; there are ${parts.map((part) => part.name).join(', ')}`);
  process.exit(2);
}
console.log(
  `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), load ${loadavg()[0]?.toFixed(2)}, ` +
    `Node ${process.version}, ${rounds} runs a row where a row is not one long run`,
);
const rows: Row[] = [];
for (const part of parts.filter(({ name }) => only.includes(name))) {
  let measured = await measure(part);
  // Once more: a guard is there for what is slow, not for a machine that was busy at that moment.
  if (values.ci && measured.some(isSlow)) measured = await measure(part);
  for (const row of measured) console.log(lineOf(row));
  rows.push(...measured);
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), load: loadavg(), rows }, null, 2)}\n`);
if (values.markdown) console.log(`\n${tableOf(rows)}`);
const slow = values.ci ? rows.filter(isSlow) : [];
for (const row of slow) console.error(`bench: ${row.what} takes ${row.overFloor?.toFixed(2)} times the floor`);
process.exitCode = slow.length > 0 ? 1 : 0;

async function measure(part: Part): Promise<readonly Row[]> {
  const stage = new Stage(!values['no-peer'] && !values.ci);
  try {
    return await part.measure(stage, rounds);
  } finally {
    await stage.strike();
  }
}

function isSlow({ what, overFloor }: Row): boolean {
  return (overFloor ?? 0) > (GUARDS[what] ?? Infinity);
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

function tableOf(all: readonly Row[]): string {
  const cell = (found: Row['ours'] | null, unit: Row['unit']): string =>
    found === null ? '' : `${number(found.median)} ${unit}`;
  const ratio = (value: number | null): string => (value === null ? '' : value.toFixed(2));
  const lines = all.map((row) =>
    [row.what, cell(row.ours, row.unit), cell(row.floor, row.unit), ratio(row.overFloor), ratio(row.overPeer), row.goal]
      .map((text) => text.replaceAll('|', '\\|'))
      .join(' | '),
  );
  const head = ['What | conduxt | floor | of the floor | of acpx | goal', '--- | --- | --- | --- | --- | ---'];
  return [...head, ...lines].map((line) => `| ${line} |`).join('\n');
}

function lineOf(row: Row): string {
  const figures = (name: string, found: Row['ours'] | null): string =>
    found === null
      ? ''
      : `  ${name} ${number(found.median)}${found.runs > 1 ? ` (p95 ${number(found.p95)}, ${found.runs} runs)` : ''}`;
  const ratio = (value: number | null, of: string): string => (value === null ? '' : `  ${value.toFixed(2)} x ${of}`);
  return (
    `${row.what.padEnd(48)} ${row.unit}${figures('ours', row.ours)}${figures('floor', row.floor)}` +
    `${figures('peer', row.peer)}${ratio(row.overFloor, 'floor')}${ratio(row.overPeer, 'peer')}  [goal ${row.goal}]`
  );
}
