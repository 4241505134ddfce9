import { isNamed } from './named-judges.ts';

/** Everything that decides whether tests pass, in any language: test files, their data, and what runs them. */
const TEST_FILES = [
  /(^|\/)(tests?|specs?|__tests__|__mocks__|__snapshots__|testdata|test_data|e2e|cypress|features)\//i,
  /\.(test|tests|spec|cy|e2e)\.[cm]?[jt]sx?$/i,
  /(^|\/)(test_[^/]*|[^/]*_test|conftest)\.py$/,
  /_test\.(go|exs?|rb|dart|cc|cpp|c)$/,
  /_spec\.rb$/,
  /(Tests?|Spec|IT)\.(java|kt|kts|scala|groovy|cs|fs|vb|swift|php)$/,
  /(^|\/)src\/(test|integrationTest|androidTest)\//,
  /\.snap$/,
];

/** What runs them, whatever the runner: a changed script or pipeline can switch a test off just as well. */
const SCRIPTS = [
  /(^|\/)(scripts?|ci|\.ci|\.github\/workflows|\.circleci|\.husky|\.gitlab)\//,
  /(^|\/)(\.gitlab-ci\.ya?ml|\.travis\.yml|azure-pipelines\.yml|Jenkinsfile|\.gitattributes)$/,
  /(^|\/)(GNUmakefile|[Mm]akefile|[^/]+\.mk|justfile|Taskfile\.ya?ml|Dockerfile|docker-compose\.ya?ml|compose\.ya?ml)$/,
  /^(conduxt\.json|\.conduxt\/)/,
  /(^|\/)(jest|vitest|vite|ava|karma|playwright|cypress|babel|nyc|c8|wdio|jasmine)\.(config|conf|setup)\.[^/]+$/,
  /(^|\/)(\.mocharc(\.[^/]+)?|\.c8rc[^/]*|\.nycrc[^/]*|\.taprc|\.babelrc[^/]*|tsconfig[^/]*\.json|bunfig\.toml)$/,
  /(^|\/)(pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg|noxfile\.py|\.coveragerc)$/,
  /(^|\/)(phpunit[^/]*\.xml(\.dist)?|\.rspec|Rakefile|test_helper\.(rb|exs)|nextest\.toml|[^/]+\.runsettings)$/,
];

/** Manifests hold test settings beside much else, so they count only for the runner that reads them. */
const MANIFESTS: Readonly<Record<string, RegExp>> = {
  node: /(^|\/)(package\.json|\.npmrc|\.yarnrc(\.yml)?|pnpm-workspace\.yaml|deno\.jsonc?)$/,
  python: /(^|\/)(pyproject\.toml|setup\.py|manage\.py)$/,
  go: /(^|\/)(go\.mod|go\.work)$/,
  cargo: /(^|\/)(Cargo\.toml|build\.rs|\.cargo\/config(\.toml)?)$/,
  jvm: /(^|\/)(pom\.xml|build\.gradle(\.kts)?|settings\.gradle(\.kts)?|gradle\.properties|mvnw|gradlew|\.mvn\/.+)$/,
  php: /(^|\/)composer\.json$/,
  ruby: /(^|\/)Gemfile$/,
  mix: /(^|\/)mix\.exs$/,
  dotnet: /(^|\/)([^/]+\.(csproj|fsproj|vbproj|sln|slnx)|Directory\.Build\.(props|targets)|global\.json)$/,
};

const MANIFEST_OF: Readonly<Record<string, keyof typeof MANIFESTS>> = {
  npm: 'node',
  pnpm: 'node',
  yarn: 'node',
  bun: 'node',
  deno: 'node',
  pytest: 'python',
  unittest: 'python',
  go: 'go',
  cargo: 'cargo',
  maven: 'jvm',
  gradle: 'jvm',
  phpunit: 'php',
  rspec: 'ruby',
  minitest: 'ruby',
  mix: 'mix',
  dotnet: 'dotnet',
};

/**
 * Those of the changed paths (relative to the repository, with `/`) that judge the work: tests, test settings, scripts,
 * and what the command names (`words` of `commandWords`). For an unknown runner, or one like make that may start any other, every manifest counts. Sorted, without repeats.
 */
export function changedJudges(
  files: readonly string[],
  runner: string | null,
  words: ReadonlySet<string> = new Set(),
): readonly string[] {
  const ecosystem = runner === null ? undefined : MANIFEST_OF[runner];
  const manifest = ecosystem === undefined ? undefined : MANIFESTS[ecosystem];
  const manifests = manifest === undefined ? Object.values(MANIFESTS) : [manifest];
  const patterns = [...TEST_FILES, ...SCRIPTS, ...manifests];
  const judges = files.filter((file) => patterns.some((pattern) => pattern.test(file)) || isNamed(file, words));
  return [...new Set(judges)].sort();
}
