import type { BaseTree } from './base-tree.ts';
import { packageManagerOf, parseObject, isObject, readPackageJson } from './package-manager.ts';
import { pythonTools } from './python-tools.ts';

/** The command that runs a repository's tests, without a shell, and whose output format to expect. */
export interface DetectedVerification {
  readonly argv: readonly string[];
  readonly runner: string;
}

type Detector = (tree: BaseTree) => Promise<DetectedVerification | null>;

/**
 * The test command of a repository, read from one commit's files; null when there is nothing to go by.
 * The first that applies: package.json, Makefile, pytest, go.mod, Cargo.toml, then the others.
 */
export async function detectVerification(tree: BaseTree): Promise<DetectedVerification | null> {
  for (const detector of DETECTORS) {
    const found = await detector(tree);
    if (found !== null) return found;
  }
  return null;
}

const packageScript: Detector = async (tree) => {
  const manifest = await readPackageJson(tree);
  const script = manifest?.scripts['test']?.trim() ?? '';
  // What `npm init` writes.
  if (manifest === null || script === '' || /no test specified/.test(script)) return null;
  const manager = await packageManagerOf(tree, manifest);
  // `bun test` would be bun's own runner, not the script.
  return { argv: manager === 'bun' ? ['bun', 'run', 'test'] : [manager, 'test'], runner: manager };
};

/** A rule for `test`, alone or among others; not `test := value`, and not `.PHONY: test`. */
const MAKE_TEST_RULE = /^(?:[\w./-]+[ \t]+)*test(?:[ \t]+[\w./-]+)*[ \t]*::?(?![:=])/m;

const makeTarget: Detector = async (tree) => {
  for (const name of ['GNUmakefile', 'makefile', 'Makefile']) {
    const text = await tree.read(name);
    // make reads only the first of these that is there.
    if (text !== null) return MAKE_TEST_RULE.test(text) ? { argv: ['make', 'test'], runner: 'make' } : null;
  }
  return null;
};

const python: Detector = async (tree) => {
  const pytest = async (): Promise<DetectedVerification> => ({
    argv: [...(await pythonTools(tree)).run, '-m', 'pytest'],
    runner: 'pytest',
  });
  if (await tree.has('pytest.ini')) return pytest();
  if (/^\[tool\.pytest\b|\bpytest\b/m.test((await tree.read('pyproject.toml')) ?? '')) return pytest();
  if (/^\[tool:pytest\]/m.test((await tree.read('setup.cfg')) ?? '')) return pytest();
  if (/^\[pytest\]|\bpytest\b/m.test((await tree.read('tox.ini')) ?? '')) return pytest();
  if (await tree.has('manage.py')) {
    return { argv: [...(await pythonTools(tree)).run, 'manage.py', 'test'], runner: 'unittest' };
  }
  for (const directory of ['', 'tests', 'test']) {
    const names = await tree.list(directory);
    if (names.some((name) => name === 'conftest.py' || /^(test_.*|.*_test)\.py$/.test(name))) return pytest();
  }
  return null;
};

const whenThere =
  (files: readonly string[], argv: readonly string[], runner: string): Detector =>
  async (tree) => {
    for (const file of files) if (await tree.has(file)) return { argv, runner };
    return null;
  };

/** Maven and Gradle: the wrapper, when there is one, is the version the project wants. */
const maven: Detector = async (tree) =>
  (await tree.has('pom.xml'))
    ? { argv: [(await tree.has('mvnw')) ? './mvnw' : 'mvn', '-B', 'test'], runner: 'maven' }
    : null;

const GRADLE_FILES = ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'];
const gradle: Detector = async (tree) => {
  const files = await tree.list('');
  if (!GRADLE_FILES.some((file) => files.includes(file))) return null;
  const program = files.includes('gradlew') ? './gradlew' : 'gradle';
  // A daemon would outlive the verification.
  return { argv: [program, '--no-daemon', '--console=plain', 'test'], runner: 'gradle' };
};

const php: Detector = async (tree) => {
  const scripts = parseObject(await tree.read('composer.json'))?.['scripts'];
  if (isObject(scripts) && scripts['test'] !== undefined) {
    return { argv: ['composer', 'run-script', 'test'], runner: 'phpunit' };
  }
  return whenThere(['phpunit.xml', 'phpunit.xml.dist', 'phpunit.dist.xml'], ['vendor/bin/phpunit'], 'phpunit')(tree);
};

const ruby: Detector = async (tree) => {
  const gemfile = await tree.read('Gemfile');
  const bundled = (argv: readonly string[]): string[] => (gemfile === null ? [...argv] : ['bundle', 'exec', ...argv]);
  if ((await tree.has('.rspec')) || ((await tree.has('spec')) && /rspec/.test(gemfile ?? ''))) {
    return { argv: bundled(['rspec']), runner: 'rspec' };
  }
  if ((await tree.has('bin/rails')) && (await tree.has('test')))
    return { argv: ['bin/rails', 'test'], runner: 'minitest' };
  const rakefile = (await tree.read('Rakefile')) ?? '';
  if (/TestTask|task\s*\(?\s*(:test|test:|['"]test['"])/.test(rakefile)) {
    return { argv: bundled(['rake', 'test']), runner: 'minitest' };
  }
  return null;
};

const dotnet: Detector = async (tree) =>
  (await tree.list('')).some((name) => /\.(sln|slnx|csproj|fsproj|vbproj)$/.test(name))
    ? { argv: ['dotnet', 'test'], runner: 'dotnet' }
    : null;

const deno: Detector = async (tree) => {
  for (const name of ['deno.json', 'deno.jsonc']) {
    const text = await tree.read(name);
    if (text === null) continue;
    // With comments it is not JSON; then the runner itself is the best guess.
    const tasks = parseObject(text)?.['tasks'];
    const hasTask = isObject(tasks) && tasks['test'] !== undefined;
    return { argv: hasTask ? ['deno', 'task', 'test'] : ['deno', 'test'], runner: 'deno' };
  }
  return null;
};

const DETECTORS: readonly Detector[] = [
  packageScript,
  makeTarget,
  python,
  whenThere(['go.mod', 'go.work'], ['go', 'test', './...'], 'go'),
  whenThere(['Cargo.toml'], ['cargo', 'test'], 'cargo'),
  maven,
  gradle,
  php,
  ruby,
  whenThere(['mix.exs'], ['mix', 'test'], 'mix'),
  dotnet,
  deno,
  whenThere(['Package.swift'], ['swift', 'test'], 'swift'),
];
