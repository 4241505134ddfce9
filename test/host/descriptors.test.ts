import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { Scratch, type LiveSession } from './scratch.ts';

function setLimit(pid: number, files: string): void {
  const ran = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
}

/** Leaves a process room for so many more files. */
function leaveRoom(pid: number, files: number): void {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  // A limit is on numbers, and the lowest free ones are given out first.
  let limit = 0;
  for (let free = 0; free < files || used.has(limit); limit += 1) if (!used.has(limit)) free += 1;
  setLimit(pid, String(limit));
}

describe('a host that may open no more files', () => {
  it('refuses by name or keeps its word, lives, and goes on when there is room again', async (t) => {
    if (spawnSync('prlimit', ['--version']).status !== 0) return t.skip('prlimit is not installed');
    const scratch = new Scratch(t);
    const session = scratch.plain({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
    const pid = await session.host();
    const before = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '';
    const acknowledged: string[] = [];
    const refusals: string[] = [];
    for (const room of [2, 3, 4, 5, 6, 8, 12]) {
      const text = `with room for ${room}`;
      leaveRoom(pid, room);
      try {
        await session.tell(text);
        acknowledged.push(text);
      } catch (error) {
        assert.ok(error instanceof ConduxtError, String(error));
        refusals.push(error.code);
      }
      assert.equal(startTimeOf(pid) === null, false, `the host died: ${session.hostLog()}`);
      setLimit(pid, before);
    }
    assert.match(session.hostLog(), /EMFILE/, 'there was always room');
    assert.deepEqual(
      // A host that cannot even open the door is one that does not answer.
      refusals.filter((code) => code !== 'too-many-files' && code !== 'host-starting'),
      [],
    );
    await session.tell('with room');
    await answerTo(session);
    await session.until(
      'the last turn',
      (record) => record.type === 'turn-ended' && session.prompts().at(-1) === 'with room',
    );
    assert.deepEqual(session.prompts(), [...acknowledged, 'with room']);
    assert.equal(await session.host(), pid, 'the same host');
  });
});

/** The agent may not have been startable: then a person was asked, and says that it may be tried again. */
async function answerTo(session: LiveSession): Promise<void> {
  for (const { id } of session.view().folded.life.decisions.values())
    await session.call({ op: 'answer', decisionId: id, answer: 'retry' });
}
