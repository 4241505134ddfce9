import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

const SRC = path.resolve(import.meta.dirname, '../src');

/** Rooms from the ground up. A room imports rooms of lower floors, or the neighbours its floor allows. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors.ts', 'clock.ts', 'version.ts'],
  ['session'],
  ['text'],
  ['guard'],
  ['queue', 'callback', 'route', 'permission', 'naming'],
  ['journal', 'process', 'lock'],
  ['git', 'tmux', 'control', 'config'],
  ['agents', 'store'],
  ['backend', 'views'],
  ['forge', 'verify', 'notify'],
  ['intake'],
  ['placement', 'watchdog'],
  ['host'],
  ['cli'],
];

/** Pure rooms must not touch the world; each entry says what to do instead. */
const PURE = ['session', 'queue', 'callback', 'route', 'guard', 'permission', 'naming', 'text', 'views'];
const WORLD = /^node:(fs|fs\/promises|child_process|net|http|https|os|timers|timers\/promises|worker_threads|sqlite)$/;

/** Imports that look upwards or sideways for a reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'permission -> backend': 'the request type is the backend interface, which holds no code',
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

const roomOf = (relative: string): string => relative.split('/')[0] ?? relative;

function allImports(): Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    const found = [
      ...text.matchAll(
        /(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import '([^']+)'/g,
      ),
    ];
    return found.map((match) => ({ file, room: roomOf(file), target: match[1] ?? match[2] ?? match[3] ?? '' }));
  });
}

const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room));

/** The bundled agents are programs of their own: they share nothing with conduxt, and only `cli` knows where they are. */
const isProgram = (room: string): boolean => room === 'rehearsal';

describe('the rooms of src/', () => {
  const imports = allImports();

  it('import only downward', () => {
    const wrong = imports.flatMap(({ file, room, target }) => {
      if (!target.startsWith('.') || isProgram(room)) return [];
      const resolved = path.relative(SRC, path.resolve(SRC, path.dirname(file), target));
      if (resolved.startsWith('..'))
        return resolved === '../package.json' ? [] : [`${file} reaches out of src: ${target}`];
      const to = roomOf(resolved);
      if (to === room || ALLOWED[`${room} -> ${to}`] !== undefined) return [];
      if (floorOf(to) < 0) return [`${file}: room "${to}" has no floor; add it to FLOORS`];
      return floorOf(to) < floorOf(room)
        ? []
        : [`${file} imports ${resolved}: move what it needs down, or pass it in as an argument`];
    });
    assert.deepEqual(wrong, []);
  });

  it('keep the pure rooms pure', () => {
    const wrong = imports.flatMap(({ file, room, target }) =>
      PURE.includes(room) && WORLD.test(target)
        ? [`${file} imports ${target}: gather facts at an edge and pass them in`]
        : [],
    );
    assert.deepEqual(wrong, []);
  });

  it('have one owner for each outside thing', () => {
    const owners: Readonly<Record<string, RegExp>> = {
      commander: /^cli\//,
      'node:sqlite': /^lock\//,
      'node:net': /^control\//,
      '@agentclientprotocol/sdk': /^(backend\/acp|rehearsal)\//,
      'p-queue': /^cli\//,
    };
    const wrong = imports.flatMap(({ file, target }) => {
      const owner = owners[target];
      return owner === undefined || owner.test(file) ? [] : [`${file} imports ${target}; only ${owner.source} may`];
    });
    assert.deepEqual(wrong, []);
  });
});
