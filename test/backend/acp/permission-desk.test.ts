import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PermissionDesk } from '../../../src/backend/acp/permission-desk.ts';
import type { AgentListener, PermissionRequest } from '../../../src/backend/backend.ts';

/** A desk, and what is asked by an agent that names only the id of a call it told about before. */
function desk() {
  const asked: PermissionRequest[] = [];
  const listener: AgentListener = {
    update: () => {},
    accepted: () => {},
    permission: async (request) => {
      asked.push(request);
      return { type: 'reject' };
    },
    notice: () => {},
  };
  const permissions = new PermissionDesk(listener, []);
  const never = new AbortController().signal;
  return {
    tell: (toolCallId: string, rawInput: object | null, more: object = { kind: 'execute' }) =>
      permissions.remember({ sessionUpdate: 'tool_call', toolCallId, title: 'Run it', rawInput, ...more }),
    ask: async (toolCallId: string): Promise<PermissionRequest | undefined> => {
      await new Promise<void>((resolve) => permissions.ask({ toolCall: { toolCallId } }, () => resolve(), never));
      return asked.at(-1);
    },
  };
}

describe('a permission that is asked for by the id of a call alone', () => {
  it('is judged by the whole command, where it is run', async () => {
    const { tell, ask } = desk();
    const long = `cat > notes.txt <<'E'\n${'x'.repeat(60_000)}\nE\ngit push --force origin main`;
    tell('long', { command: long, cwd: '/home/me' });
    const request = await ask('long');
    assert.equal(request?.command, long);
    assert.equal(request.cwd, '/home/me');
  });

  it('is judged by the words, when the agent gave words', async () => {
    const { tell, ask } = desk();
    tell('words', { command: ['git', 'commit', '-m', 'a; rm -r /'] });
    assert.deepEqual((await ask('words'))?.argv, ['git', 'commit', '-m', 'a; rm -r /']);
  });

  it('is not judged by what was said so long ago that too much came after it', async () => {
    const { tell, ask } = desk();
    for (let call = 0; call < 60; call += 1) tell(`call-${call}`, { command: 'y'.repeat(100_000) });
    assert.equal((await ask('call-0'))?.command, null);
    assert.equal((await ask('call-0'))?.isCut, true, 'it may have been anything');
    assert.equal((await ask('call-59'))?.command?.length, 100_000);
    assert.equal((await ask('call-59'))?.isCut, undefined);
  });

  it('says so when not all of it was kept, until the agent says it again', async () => {
    const { tell, ask } = desk();
    const files = Array.from({ length: 10_000 }, (_, index) => `src/some-directory/file-${index}.ts`);
    tell('files', { paths: [...files, '/home/u/photos'] }, { kind: 'delete' });
    assert.equal((await ask('files'))?.isCut, true);
    tell('files', null, { status: 'in_progress' });
    assert.equal((await ask('files'))?.isCut, true);
    tell('files', { paths: ['a'] }, {});
    assert.deepEqual([(await ask('files'))?.isCut, (await ask('files'))?.paths], [undefined, ['a']]);
    tell('places', null, { kind: 'delete', locations: files.map((path) => ({ path })) });
    tell('places', { path: 'a' }, {});
    assert.equal((await ask('places'))?.isCut, true);
    tell('long', { command: `${'x'.repeat(200_000)}; git push --force origin main` });
    assert.equal((await ask('long'))?.isCut, true);
    tell('titled', null, { kind: 'execute', title: `${'x'.repeat(2_000)}; git push --force origin main` });
    assert.equal((await ask('titled'))?.isCut, true);
    tell('null', { command: 'rm -r /' });
    tell('null', null);
    assert.equal((await ask('null'))?.command, 'rm -r /', 'null takes nothing back');
  });

  it('keeps the places of a call beside its input', async () => {
    const { tell, ask } = desk();
    tell('read', {}, { kind: 'read', locations: [{ path: '/etc/passwd' }] });
    tell('read', { path: 'src/a' }, {});
    assert.deepEqual((await ask('read'))?.paths, ['/etc/passwd', 'src/a']);
  });
});
