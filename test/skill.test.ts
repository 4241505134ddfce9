import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { VerbContext } from '../src/cli/context.ts';
import { Printer } from '../src/cli/printer.ts';
import { buildProgram, defineVerb } from '../src/cli/program.ts';
import { verbIn } from '../src/cli/verbs.ts';
import { fakeIo } from './cli/fake-io.ts';

const skill = readFileSync(path.resolve(import.meta.dirname, '../SKILL.md'), 'utf8');

describe('SKILL.md', () => {
  it('shows only commands and options that exist', async () => {
    const spans = [...skill.matchAll(/`(conduxt [^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
    assert.ok(spans.length > 30, 'the command lines were not found');
    const io = fakeIo();
    const context = new VerbContext(io, new Printer(io, false));
    for (const span of spans) {
      const [, word = ''] = span.split(' ');
      if (word === '<command>') continue;
      const verb = verbIn([word]);
      assert.ok(verb !== undefined, `${span}: there is no such command`);
      const command = await defineVerb(buildProgram(context), verb, context);
      const known = command.options.flatMap(({ long, short }) => [long, short]);
      const own = span.replaceAll(/"[^"]*"/g, '').split(' -- ')[0] ?? '';
      for (const [flag] of own.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)) assert.ok(known.includes(flag), `${span}: ${flag}`);
    }
  });

  it('answers every phrase that people use, for a program', () => {
    const phrases = [
      'Implement',
      'Investigate',
      'in parallel',
      'Fix issue #78',
      'Start a session',
      'Tell X',
      'How is X',
      'Use Gemini',
    ];
    for (const phrase of [...phrases, 'Create the PR', 'Stop X', 'status', 'Retry X']) {
      const row = skill.split('\n').find((line) => line.startsWith('|') && line.includes(phrase));
      assert.ok(row !== undefined, phrase);
      assert.match(row, /--json|--prepare/);
    }
  });

  it('says how it goes together with the skills it meets', () => {
    for (const name of ['coding-agent', 'tmux', 'tmux-agents', 'gemini', 'resilient-coding-agent']) {
      assert.match(skill, new RegExp(`\\*\\*${name}\\*\\*`), name);
    }
  });

  it('has a head that skill loaders can read', () => {
    assert.match(skill, /^---\nname: conduxt\ndescription: >-\n(?: {2}.+\n)+---\n/);
  });
});
