import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isAlive } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { killMarked } from '../process/kill-marked.ts';
import { socketNameFor, TmuxServer } from '../../src/tmux/server.ts';
import { hasTmux } from '../tmux/scratch.ts';
import { claudeHome, codexHome, piHome, type AgentHome } from './agent-homes.ts';
import type { Rule, Step } from './model-script.ts';
import { ModelServer } from './model-server.ts';
import { CLAUDE_CODE, CODEX_CLI, notInstalled, PI, type PinnedAgent } from './pinned-agents.ts';
import { Shop } from './shop.ts';

/** The same way as over ACP, with the agents' own programs in real panes. */

const EDIT = `sed -i 's|full \\* percent)|(full * percent) / 100)|' src/cart.js && git diff --stat`;
const edit: Step = { use: { type: 'shell', command: EDIT } };
const commit: Step = {
  use: { type: 'shell', command: 'git commit --quiet --all --message "fix: take a discount in percent"' },
};
/** As the contract in the prompt's file asks for it: with the nonce of that turn, into the callback file. */
const callback: Step = {
  use: {
    type: 'shell',
    command:
      'file=$(ls -t "$(dirname "$CONDUXT_CALLBACK")"/prompt-*.md | head -1); ' +
      `nonce=$(grep -o '"nonce": "[^"]*"' "$file" | tail -1 | cut -d'"' -f4); ` +
      `printf '{"task_id":"issue-78","nonce":"%s","status":"completed","summary":"Divided by 100."}' "$nonce" > "$CONDUXT_CALLBACK"`,
  },
};
const done: Step = { text: 'The discount is right now.' };
/** Against the guard: what is refused is said to the model, which goes on. */
const push: Step = { use: { type: 'shell', command: 'git push --force origin HEAD:main' } };
const told: Step = { text: 'It said: {{lastResult}}' };
/** Long prompts go through a file, so the model reads one line of ours. */
const HANDED = /Read the file "[^"]+prompt-[^"]+\.md" now/;
const task: Rule = { match: HANDED, steps: [edit, commit, callback, done] };
const stuck: Rule = { ...task, steps: [edit, { text: 'Thinking about it', hang: true }] };

const NO_HOOK = 'it has no hook before a tool: git refuses a push, and nobody the rest';
const SLOW = process.env['SLOW_TESTS'] === '1' ? false : 'takes long: npm run test:agents';

interface Driven {
  readonly agent: PinnedAgent;
  readonly name: string;
  readonly home: AgentHome;
  /** How its conversation goes on after its death. */
  readonly resumes: boolean;
  /** Its hook before a tool asks conduxt. */
  readonly asks: boolean;
}
const DRIVEN: readonly Driven[] = [
  { agent: PI, name: 'pi', home: piHome(), resumes: false, asks: false },
  { agent: CLAUDE_CODE, name: 'claude', home: claudeHome(CLAUDE_CODE), resumes: true, asks: true },
  { agent: CODEX_CLI, name: 'codex', home: codexHome(CODEX_CLI), resumes: true, asks: true },
];

for (const { agent, name, home, resumes, asks } of DRIVEN) {
  // Half a minute for each agent: in `npm test` one run of the lightest must do.
  const skip = notInstalled(agent) ?? (agent !== PI ? SLOW : false);
  const run = ['run', 'fix issue #78', '--agent', name, '--backend', 'tmux'];

  async function start(t: TestContext, rules: Rule[]): Promise<{ shop: Shop; server: ModelServer }> {
    const server = await ModelServer.start({ rules });
    t.after(() => server.close());
    const shop = new Shop(t, server.url, undefined, home);
    t.after(() => endServer(shop));
    return { shop, server };
  }

  describe(`conduxt run with ${name} in a terminal`, { skip, timeout: SLOW === false ? 900_000 : 180_000 }, () => {
    it('turns issue 78 into a pull request and leaves nothing running', async (t) => {
      if (!(await hasTmux(t))) return;
      const { shop } = await start(t, [task]);
      const { output } = await shop.expect(0, ...run);
      assert.match(output, /over tmux[\s\S]*completed/);
      assert.deepEqual(
        shop.records('turn-ended').map(({ verdict, callback: { type } }) => [verdict, type]),
        [['done', 'valid']],
      );
      assert.equal(shop.records('verification-finished').at(-1)?.receipt.verdict.type, 'green');
      assert.equal(shop.pullRequests().length, 1);
      await stop(shop);
    });

    it(
      'is refused what the guard refuses before it happens, and its model reads why',
      { skip: asks ? SLOW : NO_HOOK },
      async (t) => {
        if (!(await hasTmux(t))) return;
        const { shop } = await start(t, [{ ...task, steps: [edit, commit, callback, push, told] }]);
        await shop.expect(0, ...run);
        const refused = shop.records('milestone').filter(({ text }) => text.startsWith('refused: Bash'));
        assert.equal(refused.length, 1);
        assert.match(refused[0]?.text ?? '', /main/);
        assert.match(shop.records('turn-ended')[0]?.lastMessage ?? '', /It said: .*main/);
        assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
        await stop(shop);
      },
    );

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      it(
        `outlives a front end that gets ${signal} in the middle of a tool call, which completes`,
        { skip: SLOW },
        async (t) => {
          if (!(await hasTmux(t))) return;
          const rules = [task];
          const { shop } = await start(t, rules);
          const [begun, goOn] = [path.join(shop.root, 'begun'), path.join(shop.root, 'go-on')];
          const wait = `echo $$ > '${begun}'; until [ -e '${goOn}' ]; do sleep 0.05; done; ${EDIT}`;
          rules[0] = { ...task, steps: [{ use: { type: 'shell', command: wait } }, commit, callback, done] };
          const front = shop.start(...run);
          const gone = once(front, 'exit');
          await shop.until('the tool call runs', () => existsSync(begun) && readFileSync(begun, 'utf8').endsWith('\n'));
          await shop.until('conduxt knows', () => shop.records('prompt-accepted').length === 1);
          const [started] = shop.records('agent-started');
          const shell = Number(readFileSync(begun, 'utf8'));
          front.kill(signal);
          await gone;
          assert.ok(started !== undefined && isAlive(started.process));
          assert.ok(markedPids(idOf(shop)).includes(shell), 'the tool call was torn off');
          writeFileSync(goOn, '');
          await shop.expect(0, 'wait', 'issue-78');
          assert.deepEqual(
            shop.records('turn-ended').map(({ verdict }) => verdict),
            ['done'],
          );
          assert.equal(shop.records('prompt-handed').length, 1);
          assert.equal(shop.records('host-started').length, 1);
          // Whoever attaches now sees what came of it.
          const server = new TmuxServer(shop.state, { PATH: process.env['PATH'] ?? '' });
          const [pane] = await server.panes();
          assert.match(
            (await server.capture(pane?.paneId ?? '', { history: true })) ?? '',
            /The discount is right now/,
          );
          if (name === 'codex') assertWholeRollout(shop);
          await stop(shop);
        },
      );
    }

    it(
      'goes on in its pane when its host is killed in the middle of a turn, and stops when it is cancelled',
      { skip: SLOW },
      async (t) => {
        if (!(await hasTmux(t))) return;
        const { shop, server } = await start(t, [stuck]);
        await shop.expect(0, ...run, '--no-wait');
        await untilStuck(shop, server);
        process.kill(shop.records('host-started').at(-1)?.process.pid ?? 0, 'SIGKILL');
        await shop.expect(0, 'cancel', 'issue-78');
        assert.deepEqual(
          shop.records('turn-ended').map(({ verdict }) => verdict),
          ['cancelled'],
        );
        assert.equal(shop.records('agent-started').length, 1);
        await stop(shop);
      },
    );

    it(
      `is continued when it was killed: ${resumes ? 'in its own conversation, by its id' : 'in a new one, told what it forgot'}`,
      { skip: SLOW },
      async (t) => {
        if (!(await hasTmux(t))) return;
        const rules = [stuck];
        const { shop, server } = await start(t, rules);
        await shop.expect(0, ...run, '--no-wait');
        await untilStuck(shop, server);
        rules[0] = { ...task, steps: [commit, callback, done] };
        const [started] = shop.records('agent-started');
        killMarked(idOf(shop));
        await shop.expect(0, 'wait', 'issue-78');
        assert.ok(started);
        assert.deepEqual(
          shop.records('turn-ended').map(({ verdict }) => verdict),
          ['unknown', 'done'],
        );
        assert.deepEqual(
          shop.records('agent-session').map(({ continuity }) => continuity),
          ['new', resumes ? 'resumed' : 'new'],
        );
        assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
        if (resumes) assert.ok((server.requests.at(-1)?.userTexts ?? 0) > 1, 'it remembers');
        await stop(shop);
      },
    );
  });
}

/** codex' own log of the conversation: an interrupted one ends in a record that is torn, or in a call without its result. */
function assertWholeRollout(shop: Shop): void {
  const [file] = globSync(path.join(shop.root, 'home/.codex/sessions/*/*/*/rollout-*.jsonl')).filter((each) =>
    readFileSync(each, 'utf8').includes('prompt-t-'),
  );
  assert.ok(file !== undefined, 'codex kept no log');
  const text = readFileSync(file, 'utf8');
  assert.ok(text.endsWith('\n'));
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.stringify(JSON.parse(line)));
  const idsOf = (kind: string): string[] =>
    records.flatMap((record) =>
      record.includes(`"type":"${kind}"`) ? [/"call_id":"([^"]+)"/.exec(record)?.[1] ?? 'none'] : [],
    );
  assert.ok(idsOf('function_call').length >= 3);
  assert.deepEqual(idsOf('function_call_output').toSorted(), idsOf('function_call').toSorted());
}

const idOf = (shop: Shop): string =>
  shop.records('host-started').length > 0 ? ((shop.session ?? '').split('/').at(-1) ?? '') : '';

/** The model thinks without an end, with an edit made and nothing committed. */
async function untilStuck(shop: Shop, server: ModelServer): Promise<void> {
  await shop.until('it is in the middle of it', () => server.requests.some(({ round }) => round === 1));
  await shop.until('conduxt knows', () => shop.records('prompt-accepted').length === 1);
}

async function stop(shop: Shop): Promise<void> {
  await shop.expect(0, 'stop', 'issue-78');
  assert.deepEqual(markedPids(idOf(shop)), []);
  const env = { PATH: process.env['PATH'] ?? '' };
  assert.deepEqual(await new TmuxServer(shop.state, env).panes(), []);
  endServer(shop);
  await shop.until('nothing runs any more', () => shop.processes().length === 0);
}

function endServer(shop: Shop): void {
  spawnSync('tmux', ['-L', socketNameFor(shop.state), 'kill-server']);
}
