import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { VerbContext } from '../src/cli/context.ts';
import { Printer } from '../src/cli/printer.ts';
import { buildProgram, defineVerb } from '../src/cli/program.ts';
import { verbIn, verbs, type Verb } from '../src/cli/verbs.ts';
import { DEFAULTS } from '../src/config/config.ts';
import { ENVIRONMENT_KEYS } from '../src/config/environment-layer.ts';
import { splitGuarded } from '../src/config/guarded-keys.ts';
import { configFileSchema } from '../src/config/schema.ts';
import { ExitCode } from '../src/errors.ts';
import { permissionModes, promptStates, sessionStates, tellModes } from '../src/session/words.ts';
import { fakeIo } from './cli/fake-io.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The text below a heading, up to the next one. */
function part(heading: string): string {
  const start = readme.search(new RegExp(`^#+ ${heading}$`, 'm'));
  assert.ok(start >= 0, `there is no part "${heading}"`);
  const text = readme.slice(readme.indexOf('\n', start) + 1);
  const end = text.search(/^#{1,3} /m);
  return end < 0 ? text : text.slice(0, end);
}

/** The cells of the table rows in `text`, without headings. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const isRule = (line: string | undefined): boolean => line !== undefined && /^\|[-| ]+\|$/.test(line);
  const body = lines.filter((line, at) => !isRule(line) && !isRule(lines[at + 1]));
  return body.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** What stands between backticks. */
const spans = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

const flagsIn = (text: string): string[] =>
  [...text.matchAll(/(?<![\w-])(--?[a-z][a-z-]*)(?![\w-])/g)].map((match) => match[1] ?? '');

/** Long and short names of a verb's options, without the one that every verb has. */
async function optionsOf(verb: Verb): Promise<string[]> {
  const io = fakeIo();
  const context = new VerbContext(io, new Printer(io, false));
  const command = await defineVerb(buildProgram(context), verb, context);
  const names = command.options.flatMap(({ short, long }) => [short, long]).filter((name) => name !== undefined);
  return names.filter((name) => name !== '--json');
}

describe('the README', () => {
  const table = rows(part('Commands'));
  /** The options of `run` have a table of their own. */
  const isOption = (head: string | undefined): boolean => head?.startsWith('`--') === true;

  for (const verb of verbs) {
    it(`lists ${verb.name} with exactly the options it has`, async () => {
      const row = table.find(([head = '']) => new RegExp(`^\`${verb.name}[ \`]`).test(head));
      assert.ok(row !== undefined, 'it is not in the table of commands');
      if (verb.alias !== undefined) assert.ok(spans(row[0] ?? '').includes(verb.alias));
      const own = table.map(([head]) => head).filter(isOption);
      const listed = verb.name === 'run' ? own.join(' ') : (row[2] ?? '');
      assert.deepEqual(flagsIn(listed).toSorted(), (await optionsOf(verb)).toSorted());
    });
  }

  it('lists no command that is not there', () => {
    assert.equal(table.filter(([head]) => !isOption(head)).length, verbs.length);
  });

  it('shows only command lines that exist', async () => {
    const fence = /^```\w*\n([^]*?)^```/gm;
    const fenced = [...readme.matchAll(fence)].flatMap((match) => (match[1] ?? '').split('\n'));
    const lines = [...fenced, ...spans(readme.replaceAll(fence, ''))]
      .map((line) => /(?:^|[\s;&$])conduxt (.*)$/.exec(line)?.[1]?.replace(/\s#\s.*$/, ''))
      .filter((line) => line !== undefined);
    assert.ok(lines.length > 30, 'the command lines were not found');
    for (const line of lines) {
      const [word = ''] = line.split(' ');
      if (word === '<command>' || word === '--version') continue;
      const verb = verbIn([word]);
      assert.ok(verb !== undefined, `conduxt ${line}: there is no such command`);
      const known = ['--json', '--help', '-h', ...(await optionsOf(verb))];
      const unknown = flagsIn(line.replaceAll(/"[^"]*"/g, '')).filter((flag) => !known.includes(flag));
      assert.deepEqual(unknown, [], `conduxt ${line}`);
    }
  });

  it('lists every exit code, and no other', () => {
    const listed = rows(part('Exit codes')).map(([code = '']) => Number(spans(code)[0]));
    const known = Object.values(ExitCode).toSorted((a, b) => a - b);
    assert.deepEqual(listed, known);
  });

  it('names every state, permission mode and way to tell', () => {
    const words = (heading: string): Set<string> => new Set(spans(part(heading)));
    for (const state of [...sessionStates, ...promptStates]) assert.ok(words('States').has(state), state);
    for (const mode of permissionModes) assert.ok(words('Permissions and trust').has(mode), mode);
    for (const mode of tellModes) assert.ok(words('Talking to a session').has(`--${mode}`), mode);
  });

  it('says which signals reach whom, and what was weighed for terminals', () => {
    const text = part('Agents in a terminal');
    for (const adapter of ['claude-agent-acp', 'codex-acp', 'gemini', 'opencode', 'pi-acp', 'qwen']) {
      assert.ok(
        rows(text).some(([name = '']) => name.startsWith(adapter)),
        `the signals of ${adapter}`,
      );
    }
    for (const way of [
      'tmux, private server',
      '`dtach`, `abduco`',
      'a supervisor of our own',
      'only handling signals',
    ]) {
      const verdict = rows(text).find(([name = '']) => name.startsWith(way))?.[1] ?? '';
      assert.match(verdict, /^(?:not )?taken.*[:;,] /, way);
    }
    assert.match(text, /Measured before it was built[\s\S]* of 120 panes/);
    assert.match(text.replaceAll('\n', ' '), /Any number may look at once, and nobody is detached/);
  });

  it('leads only to parts and files that are there', () => {
    const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
    const anchors = headings.map((heading) => `#${heading.toLowerCase().replaceAll(' ', '-')}`);
    for (const [, target = ''] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      const isThere = target.startsWith('#') ? anchors.includes(target) : existsSync(path.join(ROOT, target));
      assert.ok(isThere, target);
    }
  });
});

describe('the configuration in the README', () => {
  interface Row {
    readonly key: string;
    readonly marked: boolean;
    readonly shownDefault: string;
    readonly variable: string | undefined;
  }
  const table = rows(part('Configuration')).map(([head = '', shownDefault = '', variable = '']): Row => {
    const key = (spans(head)[0] ?? '').replace('.<name>', '');
    return { key, marked: head.endsWith('†'), shownDefault, variable: spans(variable)[0] };
  });

  it('has every key, and no other', () => {
    const known = leavesOf(z.toJSONSchema(configFileSchema(), { io: 'input' }), '');
    assert.deepEqual(table.map(({ key }) => key).toSorted(), known.toSorted());
  });

  it('has the defaults; what follows from the situation is said in words', () => {
    for (const { key, shownDefault } of table) {
      if (key === '$schema') continue;
      const value = valueAt(DEFAULTS, key);
      if (value === null) assert.match(shownDefault, /^[^`]+$/, key);
      else assert.deepEqual(JSON.parse(spans(shownDefault)[0] ?? 'null'), value, key);
    }
  });

  it('has the environment variable of every key that has one', () => {
    const known = Object.fromEntries(Object.entries(ENVIRONMENT_KEYS).map(([variable, [key]]) => [key, variable]));
    for (const { key, variable } of table) assert.equal(variable, known[key], key);
  });

  it('marks what a repository may set only when it is trusted', () => {
    const { keys } = splitGuarded({
      ...{ agent: 'x', agentOrder: ['x'], backend: 'acp', base: 'x', fixRounds: 1, reminders: 1, hostIdleSeconds: 1 },
      ...{
        memory: 'x',
        remote: 'x',
        draft: true,
        permissions: 'approve-all',
        worktreeRoot: '../x',
        notify: ['desktop'],
        sandbox: 'none',
        sandboxWritable: ['/x'],
      },
      verify: { command: 'x', timeoutSeconds: 1 },
      worktree: { setup: 'x', copy: ['x'], link: ['x'], timeoutSeconds: 1 },
      timeouts: { turnSeconds: 1 },
      slots: { perUser: 1 },
      lock: { turns: true },
      agents: { x: {} },
    });
    const guarded = keys.map((key) => (key === 'agents.x' ? 'agents' : key));
    for (const { key, marked } of table) {
      assert.equal(marked, guarded.includes(key) || guarded.includes(key.split('.')[0] ?? ''), key);
    }
  });
});

describe('the environment in the README', () => {
  it('is every variable of ours that the source knows, and no other', () => {
    const names = (text: string): string[] => [...new Set(text.match(/\bCONDUXT_[A-Z_]*[A-Z]\b/g))].toSorted();
    const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const source = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(ROOT, 'src', file), 'utf8'));
    assert.deepEqual(names(readme), names(source.join('\n')));
  });
});

describe('the JSON in the README', () => {
  const documented = new Set(spans(part('JSON')));
  const fixtures = path.join(ROOT, 'fixtures/json');

  for (const name of readdirSync(fixtures)) {
    it(`has every field of ${name}`, () => {
      const text = readFileSync(path.join(fixtures, name), 'utf8');
      const documents = name.endsWith('.ndjson') ? text.trim().split('\n') : [text];
      const fields = documents.flatMap((document) => fieldsOf(JSON.parse(document)));
      assert.deepEqual(
        [...new Set(fields)].filter((field) => !documented.has(field)),
        [],
      );
    });
  }
});

/** Fields whose own fields the README lists, too. */
const OPENED = new Set(['error', 'session', 'sessions', 'tasks', 'receipt']);

function fieldsOf(document: unknown): string[] {
  if (Array.isArray(document)) return document.flatMap(fieldsOf);
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([name, value]: [string, unknown]) => [
    ...(name === 'schemaVersion' ? [] : [name]),
    ...(OPENED.has(name) ? fieldsOf(value) : []),
  ]);
}

const Group = z.object({ properties: z.record(z.string(), z.unknown()) });

/** The dotted names of a JSON schema's properties that are no groups. */
function leavesOf(schema: unknown, prefix: string): string[] {
  const group = Group.safeParse(schema);
  if (!group.success) return [prefix.slice(0, -1)];
  return Object.entries(group.data.properties).flatMap(([name, inner]) => leavesOf(inner, `${prefix}${name}.`));
}

const valueAt = (value: unknown, key: string): unknown =>
  key.split('.').reduce((inner, name) => z.record(z.string(), z.unknown()).parse(inner)[name], value);
