import type { TaskKind } from '../session/words.ts';

export interface KindClues {
  /** The issue's title, or the first line of the words. */
  readonly title: string;
  readonly labels: readonly string[];
  /** What the user typed. */
  readonly words: string;
}

/** Whole labels and the last part of `type: bug` or `kind/bug`. */
const LABEL_KINDS: readonly (readonly [RegExp, TaskKind])[] = [
  [/^(bug|bugs|bugfix|defect|regression|crash|fix)$/, 'fix'],
  [/^(docs?|documentation)$/, 'docs'],
  [/^(tests?|testing)$/, 'test'],
  [/^(refactor|refactoring|tech-?debt|cleanup)$/, 'refactor'],
  [/^(investigation|question|spike|research|chore)$/, 'chore'],
  [/^(feature|enhancement|feat|feature-request)$/, 'feat'],
];

/** The first match wins, so what ends in a report comes before what the report is about ("why do tests fail"). */
const WORD_KINDS: readonly (readonly [RegExp, TaskKind])[] = [
  [
    /^(please |can you |could you |let'?s )*(investigate|analy[sz]e|profile|explain|find out|look into|research|explore|review|audit|report|summari[sz]e|compare|evaluate|diagnose|why|what|how)\b/,
    'chore',
  ],
  [/\b(investigat(e|ion)|root cause|perf(ormance)? analysis|post-?mortem)\b/, 'chore'],
  [
    /^(please |can you |could you )*(write|update|improve|extend|add|fix|correct)\b.{0,40}\b(docs?|documentation|readme|changelog|docstrings?|typos?)\b/,
    'docs',
  ],
  [/^(please )?document\b/, 'docs'],
  [/\brefactor(ing|s|ed)?\b|\b(clean ?up|simplify|restructure|rename|deduplicate|extract)\b/, 'refactor'],
  [/\b(add|write|extend|improve|increase|cover)\b.{0,40}\b(tests?|test coverage|coverage)\b/, 'test'],
  [
    /\b(fix(es|ed|ing)?|bugs?|broken|breaks|crash(es|ed|ing)?|fails?|failing|failure|regression|repair|hotfix|wrong(ly)?|incorrect(ly)?|does ?n[o']t work|not working|error)\b/,
    'fix',
  ],
];

/** Prefix of a conventional commit title: `fix(parser): …`. */
const CONVENTIONAL: Readonly<Record<string, TaskKind>> = {
  fix: 'fix',
  bug: 'fix',
  bugfix: 'fix',
  feat: 'feat',
  feature: 'feat',
  docs: 'docs',
  doc: 'docs',
  test: 'test',
  tests: 'test',
  refactor: 'refactor',
  chore: 'chore',
};

/** What a task changes, from the signs people leave: a title's prefix, labels, then words. Else a feature. */
export function kindForTask(clues: KindClues): TaskKind {
  const prefix = /^\s*([a-z]+)(\([^)]*\))?!?:\s/i.exec(clues.title)?.[1]?.toLowerCase();
  if (prefix !== undefined && Object.hasOwn(CONVENTIONAL, prefix)) return CONVENTIONAL[prefix] ?? 'feat';
  const ownWords = kindOfWords(clues.words);
  // "investigate #78" is an investigation, whatever the issue is about.
  if (ownWords === 'chore') return 'chore';
  for (const label of clues.labels) {
    const word = label.toLowerCase().split(/[:/]/).at(-1)?.trim().replaceAll(' ', '-') ?? '';
    const kind = LABEL_KINDS.find(([pattern]) => pattern.test(word))?.[1];
    if (kind !== undefined) return kind;
  }
  return kindOfWords(clues.title) ?? ownWords ?? 'feat';
}

function kindOfWords(text: string): TaskKind | undefined {
  // The beginning says what to do; what follows is often a description of the world.
  const beginning = text.trim().toLowerCase().replace(/’/g, "'").slice(0, 300);
  return WORD_KINDS.find(([pattern]) => pattern.test(beginning))?.[1];
}

/** `fix/issue-78`: the kind is the prefix. */
export const branchForTask = (kind: TaskKind, name: string): string => `${kind}/${name}`;

/** `fix: `, the beginning of a pull request's title. */
export const titlePrefix = (kind: TaskKind): string => `${kind}: `;
