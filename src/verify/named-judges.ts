import { systemCode } from '../errors.ts';
import type { VerifyCommand } from '../session/record.ts';
import type { BaseTree } from './base-tree.ts';
import { isObject, parseObject } from './package-manager.ts';

const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];
const RUNS_MAKE = ['make', 'gmake'];
const RUNS_SCRIPTS = ['npm', 'npx', 'pnpm', 'yarn', 'bun', 'node', 'corepack'];

/**
 * Every word of the command that judges the work, with those of the package scripts and make rules it leads to at the
 * base commit. A file of that name decides what a pass is, whatever it is called.
 */
export async function commandWords(command: VerifyCommand, tree: BaseTree): Promise<ReadonlySet<string>> {
  const words = new Set<string>();
  const add = (text: string): void => {
    for (const word of wordsOf(text)) words.add(word);
  };
  add(command.type === 'shell' ? command.line : command.argv.join(' '));
  const directories = ['', ...words].filter((word) => !word.startsWith('-'));
  if (RUNS_SCRIPTS.some((program) => words.has(program)))
    expand(words, await packageScripts(tree, directories), [], add);
  if (RUNS_MAKE.some((program) => words.has(program))) {
    const rules = await makeRules(tree, directories);
    const first = [...rules.keys()].find((target) => !target.startsWith('.'));
    const isAsked = [...words].some((word) => rules.has(word));
    expand(words, rules, isAsked || first === undefined ? [] : [first], add);
  }
  return words;
}

/** True when the command names this path (relative to the repository, with `/`), also from within a directory it names. */
export function isNamed(path: string, words: ReadonlySet<string>): boolean {
  const names = (candidate: string): boolean =>
    words.has(candidate) || words.has(candidate.replace(/\.([cm]?[jt]s|py)$/, ''));
  if (names(path)) return true;
  const parts = path.split('/');
  // `cd web && sh check.sh`, `make -C web`
  return parts.some((_, at) => at > 0 && words.has(parts.slice(0, at).join('/')) && names(parts.slice(at).join('/')));
}

/** As a shell would part them, but for what it would compute; `./a/` is `a`, `-m pkg.mod` is `pkg/mod`. */
function wordsOf(text: string): string[] {
  const words = text.split(/[\s'"`;&|()<>=,{}$@]+/).map((word) => word.replace(/^(\.\/+)+/, '').replace(/\/+$/, ''));
  const modules = words.flatMap((word, at) => (words[at - 1] === '-m' ? [word.replaceAll('.', '/')] : []));
  return [...words, ...modules].filter((word) => word !== '' && word !== '.');
}

/** Follows names to what stands behind them, each once. */
function expand(
  words: ReadonlySet<string>,
  lines: ReadonlyMap<string, string>,
  more: readonly string[],
  add: (text: string) => void,
): void {
  const left = new Map(lines);
  let asked: readonly string[] = [...words, ...more];
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [name, line] of left) {
      const isAsked = asked.some((word) => name === word || (word.endsWith('*') && name.startsWith(word.slice(0, -1))));
      if (!isAsked) continue;
      left.delete(name);
      add(line);
    }
    asked = [...words];
  }
}

/** What each script runs, with those that npm runs before and after it. */
async function packageScripts(tree: BaseTree, directories: readonly string[]): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  for (const directory of directories) {
    const scripts = parseObject(await readOrNull(tree, inside(directory, 'package.json')))?.['scripts'];
    if (!isObject(scripts)) continue;
    for (const name of Object.keys(scripts)) {
      const line = [`pre${name}`, name, `post${name}`].map((one) => (isText(scripts[one]) ? scripts[one] : ''));
      lines.set(name, [lines.get(name) ?? '', ...line].join('\n'));
      // npm's own short word for it.
      if (name === 'test') lines.set('t', line.join('\n'));
    }
  }
  return lines;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** What each rule needs and does, by target. */
async function makeRules(tree: BaseTree, directories: readonly string[]): Promise<Map<string, string>> {
  const rules = new Map<string, string>();
  for (const directory of directories) {
    for (const name of MAKEFILES) {
      const text = await readOrNull(tree, inside(directory, name));
      if (text === null) continue;
      for (const [targets, rest] of parseRules(text.replace(/\\\r?\n/g, ' ')))
        for (const target of targets) rules.set(target, `${rules.get(target) ?? ''}\n${rest}`);
      break;
    }
  }
  return rules;
}

function parseRules(text: string): [string[], string][] {
  const rules: [string[], string][] = [];
  for (const line of text.split('\n')) {
    const [, targets, rest] = /^([^\s#:=][^#:=]*)::?(?![:=])(.*)$/.exec(line) ?? [];
    if (targets !== undefined) rules.push([targets.trim().split(/\s+/), rest ?? '']);
    else if (line.startsWith('\t') && rules.length > 0) {
      const last = rules[rules.length - 1];
      if (last !== undefined) last[1] += `\n${line}`;
    }
  }
  return rules;
}

const inside = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);

/** A manifest that is too large to be one names nothing. */
async function readOrNull(tree: BaseTree, path: string): Promise<string | null> {
  try {
    return await tree.read(path);
  } catch (error) {
    if (systemCode(error) === 'tree-file-too-large') return null;
    throw error;
  }
}
