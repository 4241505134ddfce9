import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeTime, isValid } from 'ulid';
import { isSessionId, newPromptId, newSessionId } from '../../src/session/ids.ts';

it('ids are ULIDs of now, as the package of that name reads them', () => {
  const before = Date.now();
  const ids = Array.from({ length: 1000 }, newSessionId);
  const after = Date.now();
  for (const id of ids) {
    assert.ok(isSessionId(id), id);
    assert.ok(isValid(id.slice(2).toUpperCase()), id);
    const at = decodeTime(id.slice(2).toUpperCase());
    assert.ok(at >= before && at <= after, id);
  }
  assert.equal(new Set(ids).size, ids.length);
  assert.match(newPromptId(), /^p-[0-9a-z]{26}$/);
});
