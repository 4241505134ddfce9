import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const SRC = path.resolve(import.meta.dirname, '../../src');

/** Nothing of these runs our git: programs of their own, and rules about other people's commands. */
const ELSEWHERE = ['rehearsal', 'guard', 'agents', 'views', 'placement'];

const COMMANDS = new Set(
  `add cat-file check-ref-format checkout clone commit-tree config diff diff-files diff-index diff-tree fetch
   for-each-ref gc hash-object init log ls-files ls-remote ls-tree merge merge-base push read-tree rebase remote reset
   rev-list rev-parse show status submodule switch symbolic-ref tag update-index update-ref worktree write-tree`.split(
    /\s+/,
  ),
);
/** The next word is theirs, whatever it is. */
const WITH_VALUE = new Set(['-m', '-p', '-c', '-C', '--file', '--git-path']);

/** Lists that cannot hold an option although they look as if, each with the reason. */
const KNOWN: Readonly<Record<string, string>> = {
  "'HEAD^{commit}', ...wanted": 'each is HEAD:<path>',
  "'config', scope": 'of two words that stand right above it',
  "'update-index', flag": 'a flag of our own',
  "'--exclude-per-directory=.gitignore', ...excludes": 'each is --exclude-from=<file>',
  "'--not', ...others": 'options on purpose, of our own making',
};

interface Found {
  readonly file: string;
  readonly text: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !ELSEWHERE.includes(file.split(path.sep)[0] ?? ''),
);

function parse(file: string): ts.SourceFile {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/** Words that come from somewhere else and stand where git takes a word for an option. */
function openWords(list: ts.ArrayLiteralExpression, source: ts.SourceFile): string[] {
  const open: string[] = [];
  for (const [at, element] of list.elements.entries()) {
    const before = list.elements[at - 1];
    if (ts.isStringLiteral(element)) {
      if (element.text === '--end-of-options' || element.text === '--') break;
      continue;
    }
    if (before !== undefined && ts.isStringLiteral(before) && WITH_VALUE.has(before.text)) continue;
    if (isFixed(element) || isPairOfOption(element)) continue;
    open.push(`${before === undefined ? '' : `${before.getText(source)}, `}${element.getText(source)}`);
  }
  return open;
}

/** `refs/heads/${x}`, `^${x}`, `--max-count=${x}`, and lists that are constants. */
function isFixed(element: ts.Expression): boolean {
  if (ts.isNoSubstitutionTemplateLiteral(element)) return true;
  if (ts.isTemplateExpression(element)) return /^(?:[^-]|--[a-z-]+=)/.test(element.head.text);
  const spread = ts.isSpreadElement(element) ? element.expression : null;
  const root = spread !== null && ts.isPropertyAccessExpression(spread) ? spread.expression : spread;
  return root !== null && ts.isIdentifier(root) && /^[A-Z][A-Z_]+$/.test(root.text);
}

/** `...parents.flatMap((parent) => ['-p', parent])` */
function isPairOfOption(element: ts.Expression): boolean {
  if (!ts.isSpreadElement(element) || !ts.isCallExpression(element.expression)) return false;
  const [made] = element.expression.arguments;
  if (made === undefined || !ts.isArrowFunction(made) || !ts.isArrayLiteralExpression(made.body)) return false;
  const [option] = made.body.elements;
  return option !== undefined && ts.isStringLiteral(option) && WITH_VALUE.has(option.text);
}

/** The command a list begins with, behind `-C <dir>`, `-c <setting>` and constant settings; null: it is none of git's. */
function commandOf(list: ts.ArrayLiteralExpression): string | null {
  for (let at = 0; at < list.elements.length; at += 1) {
    const element = list.elements[at];
    if (element === undefined) return null;
    if (ts.isStringLiteral(element)) {
      if (element.text === '-C' || element.text === '-c') at += 1;
      else return COMMANDS.has(element.text) ? element.text : null;
    } else if (!isFixed(element)) return null;
    else if (ts.isSpreadElement(element) && element.expression.getText() === 'SAFE_DIFF') return 'diff';
  }
  return null;
}

function lists(): (Found & { readonly open: readonly string[] })[] {
  return files.flatMap((file) => {
    const source = parse(file);
    const found: (Found & { readonly open: readonly string[] })[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isArrayLiteralExpression(node) && commandOf(node) !== null) {
        found.push({ file, text: node.getText(source), open: openWords(node, source) });
      }
      node.forEachChild(visit);
    };
    visit(source);
    return found;
  });
}

describe("conduxt's own git calls", () => {
  const all = lists();

  it('let no word from elsewhere be taken for an option', () => {
    assert.ok(all.length > 60, `only ${all.length} calls were found`);
    const wrong = all.flatMap(({ file, open }) =>
      open.filter((word) => KNOWN[word] === undefined).map((word) => `${file}: put '--end-of-options' before ${word}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('need every exception that is listed', () => {
    const words = new Set(all.flatMap(({ open }) => open));
    assert.deepEqual(
      Object.keys(KNOWN).filter((word) => !words.has(word)),
      [],
    );
  });

  it('are written where this test sees them: as a list, or as one that has a name', () => {
    const hidden = files.flatMap((file) => {
      const source = parse(file);
      if (!/\bgit\b/i.test(source.text)) return [];
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
          const { expression, name } = node.expression;
          const isGit = /(?:^|\.)(?:git|own|inner|plain)$|Git\(/i.test(expression.getText(source));
          const [first] = node.arguments;
          if (isGit && (name.text === 'run' || name.text === 'line') && first !== undefined) {
            const isSeen =
              (ts.isArrayLiteralExpression(first) && (commandOf(first) !== null || isOnlyFixed(first))) ||
              (ts.isIdentifier(first) && ['args', 'list'].includes(first.text));
            if (!isSeen) found.push(`${file}: ${first.getText(source)}`);
          }
        }
        node.forEachChild(visit);
      };
      visit(source);
      return found;
    });
    assert.deepEqual(hidden, []);
  });
});

/** `[...UNWATCHED, ...args]`: the named list is looked at where it is made. */
const isOnlyFixed = (list: ts.ArrayLiteralExpression): boolean =>
  list.elements.every(
    (element) => isFixed(element) || (ts.isSpreadElement(element) && element.expression.getText() === 'args'),
  );
