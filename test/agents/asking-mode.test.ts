import assert from 'node:assert/strict';
import { it } from 'node:test';
import { askingMode } from '../../src/agents/asking-mode.ts';
import { profileFor } from '../../src/agents/profiles.ts';

it('an agent that would let somebody else decide is put into the mode in which it asks', () => {
  const [working, reading] = ['workspace-write', 'read-only'];
  const codex = profileFor('codex');
  assert.deepEqual(
    (['approve-all', 'ask', 'approve-reads', 'deny-all'] as const).map((mode) => askingMode(codex, mode)),
    [working, working, reading, reading],
  );
  assert.equal(askingMode(profileFor('qwen'), 'approve-all'), 'default');
  for (const name of ['claude', 'pi', 'somebody']) assert.equal(askingMode(profileFor(name), 'deny-all'), undefined);
});
