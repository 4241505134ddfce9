import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedJudges } from '../../src/verify/judges.ts';
import { commandWords } from '../../src/verify/named-judges.ts';
import { objectTree } from './object-tree.ts';

const judged: readonly (readonly [string, readonly string[]])[] = [
  ['npm', ['test/cart.test.js', 'src/a.spec.tsx', 'src/__tests__/a.js', 'src/__snapshots__/a.snap', '__mocks__/fs.js']],
  ['npm', ['package.json', 'packages/a/package.json', 'jest.config.ts', 'vitest.config.mts', '.mocharc.yml', '.npmrc']],
  ['npm', ['scripts/test.sh', '.github/workflows/ci.yml', '.ci/run', '.husky/pre-commit', 'Makefile', 'conduxt.json']],
  ['pytest', ['tests/test_a.py', 'pkg/test_b.py', 'pkg/c_test.py', 'conftest.py', 'pkg/conftest.py']],
  ['pytest', ['pyproject.toml', 'pytest.ini', 'tox.ini', 'setup.cfg', 'noxfile.py']],
  ['go', ['pkg/a_test.go', 'pkg/testdata/golden.txt', 'go.mod']],
  ['cargo', ['tests/integration.rs', 'Cargo.toml', 'build.rs', '.cargo/config.toml']],
  ['maven', ['src/test/java/CartTest.java', 'pom.xml', '.mvn/jvm.config']],
  ['gradle', ['app/src/test/kotlin/CartSpec.kt', 'build.gradle.kts']],
  ['phpunit', ['tests/CartTest.php', 'phpunit.xml.dist', 'composer.json']],
  ['rspec', ['spec/cart_spec.rb', '.rspec', 'Rakefile', 'Gemfile']],
  ['mix', ['test/cart_test.exs', 'mix.exs']],
  ['dotnet', ['Shop.Tests/CartTests.cs', 'Shop/Shop.csproj', 'Directory.Build.props']],
];

describe('the changed judges', () => {
  for (const [runner, files] of judged) {
    it(`of ${runner} include ${files.join(', ')}`, () => {
      assert.deepEqual(changedJudges(files, runner), [...files].sort());
    });
  }

  it('leave out ordinary sources and documents', () => {
    const files = ['src/cart.js', 'README.md', 'src/latest.py', 'lib/contest.rb', 'src/protest/a.go', 'attest.ts'];
    assert.deepEqual(changedJudges(files, 'npm'), []);
    assert.deepEqual(changedJudges(files, null), []);
  });

  it('leave out the manifest of another ecosystem, but not when anything may be run', () => {
    assert.deepEqual(changedJudges(['package.json'], 'go'), []);
    assert.deepEqual(changedJudges(['package.json', 'go.mod'], 'make'), ['go.mod', 'package.json']);
    assert.deepEqual(changedJudges(['package.json'], null), ['package.json']);
  });

  it('come sorted and once each', () => {
    assert.deepEqual(changedJudges(['test/b.js', 'test/a.js', 'test/b.js'], 'npm'), ['test/a.js', 'test/b.js']);
  });
});

const tree = objectTree({
  'check.sh': '',
  'package.json': JSON.stringify({
    scripts: {
      pretest: 'node prepare.mjs',
      test: 'npm run build && run-s "unit:*"',
      'unit:a': './a/run.py',
      lint: 'eslint x.mjs',
      build: 'node make',
    },
  }),
  'web/package.json': '{"scripts":{"test":"node verify.js"}}',
  Makefile:
    'all: lib.o\n\ntest: unit \\\n  more\n\tsh last.sh\nunit:\n\t@./unit.bash --all\nlint:\n\tsh lint.sh\nX := y\n',
});
const named: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['sh check.sh', ['check.sh'], ['other.sh', 'web/check.sh']],
  ['FOO=1 ./check.sh && "tools/more run"', ['check.sh'], []],
  ['cd web && sh check.sh', ['web/check.sh', 'check.sh'], ['api/check.sh']],
  ['python -m checks.all', ['checks/all.py'], ['checks/other.py']],
  ['npm test', ['prepare.mjs', 'a/run.py', 'make.js'], ['x.mjs', 'web/verify.js']],
  ['npm --prefix web test', ['web/verify.js'], ['x.mjs']],
  ['make test', ['last.sh', 'unit.bash'], ['lint.sh', 'lib.o']],
  ['make', ['lib.o'], ['last.sh']],
  ['cargo test', [], ['prepare.mjs', 'last.sh']],
];
describe('what the command names', () => {
  for (const [line, yes, no] of named) {
    it(`judges: ${line} means ${yes.join(', ') || 'nothing'}`, async () => {
      const words = await commandWords({ type: 'shell', line }, tree);
      assert.deepEqual(changedJudges([...yes, ...no], 'go', words), [...yes].sort());
    });
  }
});
