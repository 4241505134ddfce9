import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { judgeOpenClaw, workspaceIn, type OpenClawFiles } from '../../../src/cli/doctor/check-openclaw.ts';
import { Desk } from '../scratch.ts';

const files = (over: Partial<OpenClawFiles> = {}): OpenClawFiles => ({
  config: '{}',
  instructions: [],
  hasSkill: false,
  ...over,
});

describe('whether OpenClaw prefers external agents', () => {
  const table: readonly (readonly [string, OpenClawFiles, 'good' | 'note'])[] = [
    ['nothing said', files(), 'note'],
    ['the skill alone', files({ hasSkill: true }), 'note'],
    ['instructions that name conduxt', files({ instructions: ['Coding tasks go to conduxt.'] }), 'good'],
    ['instructions about something else', files({ instructions: ['Be kind.'] }), 'note'],
    ['sub-sessions denied', files({ config: '{ tools: { deny: ["exec", "sessions_spawn"] } }' }), 'good'],
    ['sub-sessions allowed', files({ config: '{"tools":{"allow":["sessions_spawn"],"deny":[]}}' }), 'note'],
    ['a denial in a comment', files({ config: '{\n // deny: ["sessions_spawn"]\n}' }), 'note'],
  ];
  for (const [what, given, state] of table) {
    it(`${state}: ${what}`, () => {
      const check = judgeOpenClaw(given);
      assert.equal(check.state, state);
      assert.equal(check.remedy === null, state === 'good');
    });
  }

  it('is looked for where its configuration says', () => {
    assert.equal(workspaceIn('{ agents: { defaults: { workspace: "~/claw" } } }', '/home/a'), '/home/a/claw');
    assert.equal(workspaceIn('{"workspace": "/srv/claw"}', '/home/a'), '/srv/claw');
    assert.equal(workspaceIn('{}', '/home/a'), null);
  });

  it('is a line of doctor where there is an OpenClaw, and none elsewhere', async (t) => {
    const desk = new Desk(t);
    const checks = async (): Promise<unknown[]> => {
      const { out } = await desk.run(['doctor', '--json']);
      return (JSON.parse(out) as { checks: { name: string }[] }).checks.filter(({ name }) => name === 'openclaw');
    };
    assert.deepEqual(await checks(), []);
    mkdirSync(path.join(desk.root, '.openclaw/workspace'), { recursive: true });
    writeFileSync(path.join(desk.root, '.openclaw/openclaw.json'), '{}');
    assert.partialDeepStrictEqual(await checks(), [{ state: 'note' }]);
    writeFileSync(path.join(desk.root, '.openclaw/workspace/AGENTS.md'), 'Give coding tasks to conduxt.\n');
    assert.partialDeepStrictEqual(await checks(), [{ state: 'good' }]);
  });
});
