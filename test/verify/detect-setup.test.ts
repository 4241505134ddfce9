import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectSetup } from '../../src/verify/detect-setup.ts';
import { objectTree } from './object-tree.ts';

const WITH = '{"dependencies":{"a":"1"}}';
const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ['nothing to install', {}, []],
  ['a package.json without dependencies needs nothing', { 'package.json': '{"scripts":{}}' }, []],
  ["npm's lockfile is obeyed", { 'package.json': WITH, 'package-lock.json': '{}' }, ['npm ci --no-audit --no-fund']],
  [
    'npm without a lockfile writes none',
    { 'package.json': '{"devDependencies":{"a":"1"}}' },
    ['npm install --no-package-lock --no-audit --no-fund'],
  ],
  ['pnpm', { 'package.json': WITH, 'pnpm-lock.yaml': '' }, ['pnpm install --frozen-lockfile']],
  ['yarn 1', { 'package.json': WITH, 'yarn.lock': '' }, ['yarn install --non-interactive --frozen-lockfile']],
  ['yarn 2 and later', { 'package.json': WITH, 'yarn.lock': '', '.yarnrc.yml': '' }, ['yarn install --immutable']],
  [
    'yarn 4 by its packageManager field',
    { 'package.json': '{"packageManager":"yarn@4.1.0","dependencies":{"a":"1"}}', 'yarn.lock': '' },
    ['yarn install --immutable'],
  ],
  ['bun', { 'package.json': WITH, 'bun.lockb': '' }, ['bun install --frozen-lockfile']],
  [
    'the stated package manager does not obey the lockfile of another',
    { 'package.json': '{"packageManager":"pnpm@9.0.0","dependencies":{"a":"1"}}', 'package-lock.json': '{}' },
    ['pnpm install --no-lockfile'],
  ],
  ['uv', { 'uv.lock': '' }, ['uv sync --frozen']],
  ['poetry', { 'poetry.lock': '' }, ['poetry install --no-interaction']],
  [
    'requirement files go into an ignored .venv',
    { 'requirements.txt': 'a\n', 'requirements-dev.txt': 'pytest\n', '.gitignore': '/.venv\n' },
    [
      'python3 -m venv .venv',
      '.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt',
    ],
  ],
  ['requirement files are left alone where .venv is not ignored', { 'requirements.txt': 'pytest\n' }, []],
  ['bundler', { Gemfile: '', 'Gemfile.lock': '' }, ['bundle install --quiet']],
  ['composer', { 'composer.lock': '{}' }, ['composer install --no-interaction --no-progress']],
  ['mix', { 'mix.lock': '' }, ['mix deps.get --check-locked']],
  ['dotnet', { 'a.csproj': '' }, ['dotnet restore']],
  ['Go and Cargo fetch by themselves', { 'go.mod': '', 'go.sum': '', 'Cargo.toml': '', 'Cargo.lock': '' }, []],
  [
    'two languages need both',
    { 'package.json': WITH, 'package-lock.json': '', 'Gemfile.lock': '' },
    ['npm ci --no-audit --no-fund', 'bundle install --quiet'],
  ],
];

describe('the detected set-up', () => {
  for (const [name, files, expected] of cases) {
    it(name, async () => {
      const commands = await detectSetup(objectTree(files));
      assert.deepEqual(
        commands.map((command) => (command.type === 'argv' ? command.argv.join(' ') : 'a shell line')),
        expected,
      );
    });
  }
});
