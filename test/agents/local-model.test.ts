import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { AgentHome } from './agent-homes.ts';
import type { Rule } from './model-script.ts';
import { ModelServer } from './model-server.ts';
import { binOf, notInstalled, OPENCODE, QWEN, type PinnedAgent } from './pinned-agents.ts';
import { Shop } from './shop.ts';

/** The configuration of the manual, word for word but for the address of the model. */
function configOfReadme(modelUrl: string): string {
  const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```json\n([^]*?)```/g)].map(([, block = '']) => block);
  const block = blocks.find((one) => one.includes('"like"')) ?? '';
  assert.match(block, /http:\/\/127\.0\.0\.1:11434\/v1/);
  return block.replaceAll('http://127.0.0.1:11434/v1', modelUrl);
}

/** Somebody who has set up nothing of the agent's own. */
const bareHome =
  (agent: PinnedAgent): AgentHome =>
  (home, { modelUrl }) => {
    const file = path.join(home, '.config/conduxt/config.json');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, configOfReadme(modelUrl), { mode: 0o600 });
    const directories = [binOf(agent), path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'];
    return {
      ...{ PATH: directories.join(path.delimiter), HOME: home, LANG: 'C.UTF-8', NO_PROXY: '127.0.0.1,localhost' },
      ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    };
  };

const issue: Rule = {
  match: /A discount of 10 percent makes the total negative/,
  steps: [
    { use: { type: 'shell', command: `sed -i 's|full \\* percent)|(full * percent) / 100)|' src/cart.js` } },
    { use: { type: 'shell', command: 'git commit --quiet --all --message "fix: take a discount in percent"' } },
    { text: 'The discount is right now.', callback: { status: 'completed', summary: 'Divided by 100.' } },
  ],
};

const SLOW = process.env['SLOW_TESTS'] === '1' ? false : 'takes long: npm run test:agents';

for (const [name, agent, title] of [
  ['local', QWEN, 'Qwen Code as local'],
  ['lm-opencode', OPENCODE, 'opencode as lm-opencode'],
] as const) {
  describe(`a local model, as the manual configures ${name}`, { skip: notInstalled(agent) ?? SLOW }, () => {
    it('is shown, starts, and does the whole job to a verified pull request', { timeout: 400_000 }, async (t) => {
      const server = await ModelServer.start({ rules: [issue] });
      t.after(() => server.close());
      const shop = new Shop(t, server.url, undefined, bareHome(agent));
      const agents = await shop.expect(0, 'agents');
      assert.match(agents.output, new RegExp(`${name} +ready`));
      const doctor = await shop.expect(0, 'doctor', name);
      assert.match(doctor.output, new RegExp(`${title}[^]*speaks ACP[^]*left nothing behind`, 'i'));
      const { output } = await shop.expect(0, 'run', 'fix issue #78', '--agent', name);
      assert.match(output, new RegExp(`agent +${name} .* over acp[^]*completed`));
      assert.equal(shop.records('verification-finished').at(-1)?.receipt.verdict.type, 'green');
      assert.equal(shop.pullRequests().length, 1);
      assert.ok(server.requests.length > 2);
      await shop.stop();
    });
  });
}
