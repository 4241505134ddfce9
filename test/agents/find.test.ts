import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findAgent, type FindOptions, type FoundAgent } from '../../src/agents/find.ts';
import { profileFor } from '../../src/agents/profiles.ts';

/** A directory with `home/`, `repo/` and an npm prefix `usr/`, removed after the test. */
async function scratch(t: TestContext): Promise<{ root: string; options: FindOptions }> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'conduxt-find-')));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const directory of ['home', 'repo', 'usr/bin']) await mkdir(path.join(root, directory), { recursive: true });
  const env = { HOME: path.join(root, 'home'), PATH: path.join(root, 'usr/bin') };
  return { root, options: { env, cwd: path.join(root, 'repo'), repoRoot: path.join(root, 'repo') } };
}

async function writeProgram(file: string, text = '#!/bin/sh\n'): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
  return file;
}

interface InstallOptions {
  readonly name: string;
  readonly bin: string;
  readonly version?: string;
  readonly node?: string;
  readonly linked?: boolean;
}

/** What `npm i -g` leaves behind. Returns the script. */
async function install(
  prefix: string,
  { name, bin, version = '1.2.3', node, linked = true }: InstallOptions,
): Promise<string> {
  const directory = path.join(prefix, 'lib/node_modules', name);
  const script = await writeProgram(path.join(directory, 'dist/index.js'), '#!/usr/bin/env node\n');
  const engines = node === undefined ? {} : { engines: { node } };
  await writeFile(
    path.join(directory, 'package.json'),
    JSON.stringify({ name, version, bin: { [bin]: 'dist/index.js' }, ...engines }),
  );
  // A nameless package.json between the script and the package, as bundlers write them.
  await writeFile(path.join(directory, 'dist/package.json'), '{"type":"module"}');
  if (linked) {
    await mkdir(path.join(prefix, 'bin'), { recursive: true });
    await symlink(path.relative(path.join(prefix, 'bin'), script), path.join(prefix, 'bin', bin));
  }
  return script;
}

function assertFound(agent: FoundAgent): asserts agent is Extract<FoundAgent, { state: 'found' }> {
  assert.equal(agent.state, 'found', JSON.stringify(agent));
}
function assertMissing(agent: FoundAgent): asserts agent is Extract<FoundAgent, { state: 'missing' }> {
  assert.equal(agent.state, 'missing', JSON.stringify(agent));
}

const CLAUDE = { name: '@agentclientprotocol/claude-agent-acp', bin: 'claude-agent-acp', version: '0.100.0' };

describe('findAgent', () => {
  it('starts a script by the real path of the script, with a Node that satisfies it, and knows its version', async (t) => {
    const { root, options } = await scratch(t);
    const script = await install(path.join(root, 'usr'), { ...CLAUDE, node: '>=22' });
    const agent = await findAgent(profileFor('claude'), options);
    assertFound(agent);
    assert.deepEqual(agent.launch, {
      name: 'claude',
      command: process.execPath,
      args: [script],
      env: { DISABLE_AUTOUPDATER: '1' },
      envFile: null,
      version: '0.100.0',
    });
    assert.deepEqual(agent.warnings, []);
  });

  it('keeps the arguments of the profile behind the script', async (t) => {
    const { root, options } = await scratch(t);
    const script = await install(path.join(root, 'usr'), { name: '@google/gemini-cli', bin: 'gemini' });
    const agent = await findAgent(profileFor('gemini'), options);
    assertFound(agent);
    assert.deepEqual(agent.launch.args, [script, '--acp']);
  });

  it('takes another Node when the one it runs on is not allowed, and says so when there is none', async (t) => {
    const { root, options } = await scratch(t);
    await install(path.join(root, 'usr'), { ...CLAUDE, node: '>=9000' });
    const none = await findAgent(profileFor('claude'), options);
    assertMissing(none);
    assert.match(none.reason, /needs Node >=9000/);
    const node = await writeProgram(path.join(root, 'usr/bin/node'), '#!/bin/sh\necho v9001.0.0\n');
    const agent = await findAgent(profileFor('claude'), options);
    assertFound(agent);
    assert.equal(agent.launch.command, node);
  });

  it('starts a native program under the name it was found by: a version manager tells its programs apart by it', async (t) => {
    const { root, options } = await scratch(t);
    await writeProgram(path.join(root, 'opt/shim'));
    await symlink(path.join(root, 'opt/shim'), path.join(root, 'usr/bin/cursor-agent'));
    const agent = await findAgent(profileFor('cursor'), options);
    assertFound(agent);
    assert.equal(agent.launch.command, path.join(root, 'usr/bin/cursor-agent'));
    assert.deepEqual(agent.launch.args, ['acp']);
    assert.equal(agent.launch.version, null);
  });

  it('finds an installed package whose program is not linked', async (t) => {
    const { root, options } = await scratch(t);
    const script = await install(path.join(root, 'usr'), { ...CLAUDE, linked: false });
    const agent = await findAgent(profileFor('claude'), options);
    assertFound(agent);
    assert.deepEqual(agent.launch.args, [script]);

    const elsewhere = await install(path.join(root, 'own'), {
      name: '@agentclientprotocol/codex-acp',
      bin: 'codex-acp',
      linked: false,
    });
    assertMissing(await findAgent(profileFor('codex'), options));
    const other = await findAgent(profileFor('codex'), {
      ...options,
      packageDirs: [path.join(root, 'own/lib/node_modules')],
    });
    assertFound(other);
    assert.deepEqual(other.launch.args, [elsewhere]);
  });

  it('warns about a package that has a new name', async (t) => {
    const { root, options } = await scratch(t);
    await install(path.join(root, 'usr'), { ...CLAUDE, name: '@zed-industries/claude-agent-acp' });
    const agent = await findAgent(profileFor('claude'), options);
    assertFound(agent);
    assert.match(
      agent.warnings.join(),
      /@zed-industries\/claude-agent-acp is an old name .* npm i -g @agentclientprotocol\//,
    );
  });

  it('never takes a program from the repository, from a relative PATH entry or through a link', async (t) => {
    const { root, options } = await scratch(t);
    const evil = await writeProgram(path.join(root, 'repo/bin/gemini'));
    await writeProgram(path.join(root, 'repo/node_modules/.bin/gemini'));
    await symlink(path.join(root, 'repo/bin'), path.join(root, 'alias'));
    await symlink(evil, path.join(root, 'usr/bin/gemini'));
    const directories = ['repo/bin', 'repo/node_modules/.bin', 'alias', 'usr/bin'].map((name) => path.join(root, name));
    const relative = path.relative(process.cwd(), path.join(root, 'repo/bin'));
    const PATH = [relative, '.', '', ...directories].join(':');
    assertMissing(await findAgent(profileFor('gemini'), { ...options, env: { ...options.env, PATH } }));
  });

  it('uses the program that the configuration names, from wherever it is', async (t) => {
    const { root, options } = await scratch(t);
    const command = await writeProgram(path.join(root, 'repo/tools/agent'));
    const settings = {
      acp: { command, args: ['--stdio'], env: { MODE: 'x' } },
      envFile: '~/keys.env',
    };
    const agent = await findAgent(profileFor('mine'), { ...options, settings });
    assertFound(agent);
    assert.deepEqual(agent.launch, {
      name: 'mine',
      command,
      args: ['--stdio'],
      env: { MODE: 'x' },
      envFile: path.join(root, 'home/keys.env'),
      version: null,
    });
    const gone = await findAgent(profileFor('mine'), {
      ...options,
      settings: { acp: { command: '/nonexistent/agent' } },
    });
    assertMissing(gone);
    assert.match(gone.reason, /\/nonexistent\/agent, named in agents\.mine\.acp\.command/);
  });

  it('says what is missing and how to install it', async (t) => {
    const { options } = await scratch(t);
    const codex = await findAgent(profileFor('codex'), options);
    assertMissing(codex);
    assert.match(codex.reason, /codex-acp is not on PATH/);
    assert.equal(codex.install, 'npm i -g @agentclientprotocol/codex-acp');
    const aider = await findAgent(profileFor('aider'), options);
    assertMissing(aider);
    assert.match(aider.reason, /only be driven in a terminal/);
    assertMissing(await findAgent(profileFor('rehearsal'), options));
  });

  it('misses an adapter whose agent is not there', async (t) => {
    const { root, options } = await scratch(t);
    await install(path.join(root, 'usr'), { name: 'pi-acp', bin: 'pi-acp' });
    const alone = await findAgent(profileFor('pi'), options);
    assertMissing(alone);
    assert.match(alone.install, /@earendil-works\/pi-coding-agent/);
    await writeProgram(path.join(root, 'usr/bin/pi'));
    assertFound(await findAgent(profileFor('pi'), options));
  });

  it('ignores what is not an executable file', async (t) => {
    const { root, options } = await scratch(t);
    await mkdir(path.join(root, 'usr/bin/gemini'));
    await writeFile(path.join(root, 'usr/bin/opencode'), '');
    assertMissing(await findAgent(profileFor('gemini'), options));
    assertMissing(await findAgent(profileFor('opencode'), options));
  });

  it('tells a login by files and variables, as far as they go', async (t) => {
    const { root, options } = await scratch(t);
    for (const bin of ['codex-acp', 'cline']) await writeProgram(path.join(root, 'usr/bin', bin));
    const login = async (name: string, more: Partial<FindOptions> = {}): Promise<string> => {
      const agent = await findAgent(profileFor(name), { ...options, ...more });
      assertFound(agent);
      return agent.login;
    };
    assert.equal(await login('codex'), 'no');
    assert.equal(await login('codex', { env: { ...options.env, OPENAI_API_KEY: 'x' } }), 'yes');
    assert.equal(await login('codex', { settings: { envFile: '/k' } }), 'yes');
    assert.equal(await login('cline'), 'unknown');
    await mkdir(path.join(root, 'home/.codex'));
    await writeFile(path.join(root, 'home/.codex/auth.json'), '{}');
    assert.equal(await login('codex'), 'yes');
  });
});
