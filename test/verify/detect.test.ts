import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectVerification } from '../../src/verify/detect.ts';
import { objectTree } from './object-tree.ts';

const script = (test: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ scripts: { test }, ...more });

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly expected: string | null;
}

const cases: readonly Case[] = [
  { name: 'an empty repository has none', files: {}, expected: null },
  { name: 'a test script runs with npm', files: { 'package.json': script('node --test') }, expected: 'npm: npm test' },
  {
    name: "npm's placeholder is no test",
    files: { 'package.json': script('echo "Error: no test specified" && exit 1') },
    expected: null,
  },
  { name: 'an empty test script is no test', files: { 'package.json': script(' ') }, expected: null },
  { name: 'a package.json without scripts is no test', files: { 'package.json': '{"name":"x"}' }, expected: null },
  { name: 'a broken package.json is no test', files: { 'package.json': '{"scripts": {' }, expected: null },
  { name: 'a package.json that is a list is no test', files: { 'package.json': '[]' }, expected: null },
  {
    name: 'a test script that is no string is no test',
    files: { 'package.json': '{"scripts":{"test":["a"]}}' },
    expected: null,
  },
  {
    name: 'the lockfile of pnpm means pnpm',
    files: { 'package.json': script('vitest run'), 'pnpm-lock.yaml': '' },
    expected: 'pnpm: pnpm test',
  },
  {
    name: 'the lockfile of yarn means yarn',
    files: { 'package.json': script('jest'), 'yarn.lock': '' },
    expected: 'yarn: yarn test',
  },
  {
    name: 'bun runs the script, not its own runner',
    files: { 'package.json': script('vitest run'), 'bun.lock': '' },
    expected: 'bun: bun run test',
  },
  {
    name: 'the packageManager field goes before a lockfile',
    files: { 'package.json': script('jest', { packageManager: 'pnpm@9.1.0+sha256.abc' }), 'yarn.lock': '' },
    expected: 'pnpm: pnpm test',
  },
  {
    name: 'package.json goes before a Makefile',
    files: { 'package.json': script('jest'), Makefile: 'test:\n\tgo test ./...\n' },
    expected: 'npm: npm test',
  },
  {
    name: 'a package.json without a test gives way to a Makefile',
    files: { 'package.json': '{}', Makefile: 'test:\n\tgo test ./...\n' },
    expected: 'make: make test',
  },
  {
    name: 'a target with prerequisites counts',
    files: { Makefile: 'test: build lint\n\t./run\n' },
    expected: 'make: make test',
  },
  {
    name: 'a target among several counts',
    files: { Makefile: 'check test:: x\n\t./run\n' },
    expected: 'make: make test',
  },
  { name: 'a phony line alone is no target', files: { Makefile: '.PHONY: test\nall:\n\techo\n' }, expected: null },
  { name: 'a variable is no target', files: { Makefile: 'test := 1\ntests:\n\techo\n' }, expected: null },
  { name: 'a target that begins with test is another', files: { Makefile: 'test-unit:\n\techo\n' }, expected: null },
  {
    name: 'make reads GNUmakefile first',
    files: { GNUmakefile: 'all:\n\techo\n', Makefile: 'test:\n\techo\n' },
    expected: null,
  },
  {
    name: 'a Makefile goes before pytest',
    files: { Makefile: 'test:\n\tpytest\n', 'pytest.ini': '' },
    expected: 'make: make test',
  },
  { name: 'pytest.ini means pytest', files: { 'pytest.ini': '[pytest]\n' }, expected: 'pytest: python3 -m pytest' },
  {
    name: 'pytest settings in pyproject.toml mean pytest',
    files: { 'pyproject.toml': '[tool.pytest.ini_options]\naddopts = "-q"\n' },
    expected: 'pytest: python3 -m pytest',
  },
  {
    name: 'uv runs pytest where it has the lockfile',
    files: { 'pyproject.toml': 'dev = ["pytest>=8"]\n', 'uv.lock': '' },
    expected: 'pytest: uv run python -m pytest',
  },
  {
    name: 'poetry runs pytest where it has the lockfile',
    files: { 'pyproject.toml': '[tool.pytest.ini_options]', 'poetry.lock': '' },
    expected: 'pytest: poetry run python -m pytest',
  },
  {
    name: 'requirements with pytest and an ignored .venv mean its Python',
    files: {
      'requirements.txt': 'flask\n',
      'requirements-dev.txt': 'pytest==8\n',
      '.gitignore': '.venv/\n',
      'tests/test_a.py': '',
    },
    expected: 'pytest: .venv/bin/python -m pytest',
  },
  {
    name: 'setup.cfg with pytest settings means pytest',
    files: { 'setup.cfg': '[metadata]\nname = x\n[tool:pytest]\n' },
    expected: 'pytest: python3 -m pytest',
  },
  {
    name: 'a tests folder with Python tests means pytest',
    files: { 'tests/test_a.py': '' },
    expected: 'pytest: python3 -m pytest',
  },
  { name: 'a tests folder without Python tests does not', files: { 'tests/readme.md': '' }, expected: null },
  {
    name: 'a pyproject.toml that does not name pytest is no test',
    files: { 'pyproject.toml': '[project]\n' },
    expected: null,
  },
  {
    name: "Django's own runner where nothing names pytest",
    files: { 'manage.py': '', 'app/tests.py': '' },
    expected: 'unittest: python3 manage.py test',
  },
  { name: 'pytest goes before Go', files: { 'pytest.ini': '', 'go.mod': '' }, expected: 'pytest: python3 -m pytest' },
  { name: 'Go', files: { 'go.mod': 'module x\n' }, expected: 'go: go test ./...' },
  { name: 'Cargo', files: { 'Cargo.toml': '[package]\n' }, expected: 'cargo: cargo test' },
  { name: 'Go goes before Cargo', files: { 'go.mod': '', 'Cargo.toml': '' }, expected: 'go: go test ./...' },
  { name: 'Maven', files: { 'pom.xml': '<project/>' }, expected: 'maven: mvn -B test' },
  { name: "Maven's wrapper", files: { 'pom.xml': '', mvnw: '' }, expected: 'maven: ./mvnw -B test' },
  {
    name: "Gradle's wrapper, without a daemon that outlives the run",
    files: { 'build.gradle.kts': '', gradlew: '' },
    expected: 'gradle: ./gradlew --no-daemon --console=plain test',
  },
  { name: 'Gradle', files: { 'settings.gradle': '' }, expected: 'gradle: gradle --no-daemon --console=plain test' },
  {
    name: "composer's test script",
    files: { 'composer.json': '{"scripts":{"test":"pest"}}', 'phpunit.xml': '' },
    expected: 'phpunit: composer run-script test',
  },
  {
    name: 'PHPUnit',
    files: { 'composer.json': '{}', 'phpunit.xml.dist': '' },
    expected: 'phpunit: vendor/bin/phpunit',
  },
  {
    name: 'RSpec with a Gemfile',
    files: { Gemfile: "gem 'rspec'", 'spec/a_spec.rb': '' },
    expected: 'rspec: bundle exec rspec',
  },
  { name: 'RSpec without one', files: { '.rspec': '' }, expected: 'rspec: rspec' },
  {
    name: 'Rails',
    files: { Gemfile: '', 'bin/rails': '', 'test/a_test.rb': '' },
    expected: 'minitest: bin/rails test',
  },
  {
    name: 'a rake test task',
    files: { Gemfile: '', Rakefile: 'Rake::TestTask.new(:test)' },
    expected: 'minitest: bundle exec rake test',
  },
  { name: 'mix', files: { 'mix.exs': '' }, expected: 'mix: mix test' },
  { name: 'dotnet', files: { 'Shop.sln': '' }, expected: 'dotnet: dotnet test' },
  { name: 'deno', files: { 'deno.json': '{}' }, expected: 'deno: deno test' },
  { name: "deno's test task", files: { 'deno.json': '{"tasks":{"test":"x"}}' }, expected: 'deno: deno task test' },
  { name: "deno's settings with comments", files: { 'deno.jsonc': '{ // x\n}' }, expected: 'deno: deno test' },
  { name: 'Swift', files: { 'Package.swift': '' }, expected: 'swift: swift test' },
];

describe('the detected test command', () => {
  for (const { name, files, expected } of cases) {
    it(name, async () => {
      const found = await detectVerification(objectTree(files));
      assert.equal(found === null ? null : `${found.runner}: ${found.argv.join(' ')}`, expected);
    });
  }
});
