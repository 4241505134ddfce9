/** Words that say nothing about which task this is. */
const STOP_WORDS = new Set(
  (
    'a an the this that these those it its my our your their his her and or but so if then than as of in on at to for from by with without ' +
    'into onto about over under via per is are was were be been being do does did have has had can could should would will shall may might ' +
    'must i we you they he she me us them please kindly want wants need needs let lets make makes sure also just some any all each every ' +
    'there here when where which who whom whose what how why not no yes very really project repo repository code codebase issue feature ' +
    'bug ticket task implement new using use used get gets like'
  ).split(' '),
);

/** Short forms of words that make names long (`perf-analysis`). */
const SHORT_FORMS: Readonly<Record<string, string>> = {
  performance: 'perf',
  documentation: 'docs',
  authentication: 'auth',
  authorization: 'authz',
  configuration: 'config',
  configurations: 'config',
  database: 'db',
  dependencies: 'deps',
  environment: 'env',
  repositories: 'repos',
  application: 'app',
};

/** Letters that do not come apart under Unicode decomposition. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/** Longer ones are hashes, paths glued together or worse. */
const MAX_WORD_CHARS = 24;

/**
 * The words of a text that carry its meaning, in order, each once, in lowercase ASCII. When only stop words are left
 * ("do it"), those are better than nothing.
 */
export function significantWords(text: string): string[] {
  const words = plainWords(text);
  const meaningful = words.filter((word) => !STOP_WORDS.has(word));
  return [...new Set(meaningful.length > 0 ? meaningful : words)].map((word) => SHORT_FORMS[word] ?? word);
}

/** `Crème brûlée, don't!` → `creme brulee dont`. Reads the beginning of a long text only. */
function plainWords(text: string): string[] {
  return text
    .slice(0, 2000)
    .replace(/https?:\/\/\S+/gi, ' ')
    .toLowerCase()
    .replace(/[ßøæœđðłþı]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'’`]/g, '')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && word.length <= MAX_WORD_CHARS);
}
