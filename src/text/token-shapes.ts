/** A kind of secret that can be told by its looks alone. */
export interface TokenShape {
  /** Stands in the redacted text: `[redacted:github-token]`. */
  readonly name: string;
  /** Source of a regular expression without capturing groups and flags, beginning with a literal where possible. */
  readonly source: string;
}

/**
 * That `literal` does not go on from a word (`task-list` holds `sk-list`). Looked at after the literal has matched, so
 * that the search stays fast. In a raw JSON line the `n` of an escaped newline is no word.
 */
const atWordStart = (literal: string): string =>
  String.raw`${literal}(?<=(?:^|[^A-Za-z0-9_-]|\\[bfnrt]|\\u[0-9A-Fa-f]{4})${literal})`;

const DIGIT_AHEAD = String.raw`(?=[A-Za-z0-9._~+/=-]*\d)`;

/**
 * Published formats of the services an agent is likely to meet. None of their characters is changed by URL encoding.
 * The base64 forms are the part of the prefix that is the same whatever stands before it (three alignments).
 */
export const TOKEN_SHAPES: readonly TokenShape[] = [
  {
    name: 'private-key',
    // Whole, or cut off before its end; line ends may be escaped, even twice (JSON in JSON).
    source: String.raw`-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s]|\\{1,4}[nr])*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?`,
  },
  { name: 'github-token', source: String.raw`gh[pousr]_[A-Za-z0-9]{20,255}` },
  { name: 'github-token', source: String.raw`github_pat_[A-Za-z0-9_]{20,255}` },
  { name: 'anthropic-key', source: String.raw`${atWordStart('sk-')}ant-[A-Za-z0-9_-]{16,}` },
  { name: 'api-key', source: String.raw`${atWordStart('sk-')}${DIGIT_AHEAD}[A-Za-z0-9_-]{20,}` },
  { name: 'slack-token', source: String.raw`xox[abeoprs]-[A-Za-z0-9-]{10,}` },
  { name: 'slack-token', source: String.raw`xapp-\d-[A-Za-z0-9-]{10,}` },
  { name: 'aws-key-id', source: String.raw`(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])` },
  { name: 'google-key', source: String.raw`AIza[0-9A-Za-z_-]{35}` },
  { name: 'gitlab-token', source: String.raw`glpat-[A-Za-z0-9_-]{20,}` },
  { name: 'npm-token', source: String.raw`npm_[A-Za-z0-9]{36}` },
  { name: 'huggingface-token', source: String.raw`${atWordStart('hf_')}[A-Za-z0-9]{30,}` },
  { name: 'bearer', source: String.raw`(?:[Bb]earer|BEARER) {1,4}${DIGIT_AHEAD}[A-Za-z0-9._~+/=-]{16,}` },
  { name: 'url-password', source: String.raw`://[^\s/:@"'\\]{0,64}:[^\s/@"'\\]{3,256}@` },
  { name: 'github-token', source: `(?:${base64Cores('github_pat_').join('|')})[A-Za-z0-9+/_-]{20,}={0,2}` },
  { name: 'anthropic-key', source: `(?:${base64Cores('sk-ant-').join('|')})[A-Za-z0-9+/_-]{20,}={0,2}` },
];

/**
 * Found in every text that holds one of `TOKEN_SHAPES`, and in few others. Looking for this first takes a tenth of the
 * time: the engine looks only for the few characters that its alternatives begin with, and at what stands before and
 * behind them when there is one.
 */
export const TOKEN_HINT = new RegExp(
  [
    String.raw`[_-](?<=(?:gh[pousr]|github_pat|npm|hf|sk|xox[abeoprs]|xapp|glpat)[_-])[\w-]{10}`,
    '-----BEGIN [A-Z ]{0,40}PRIVATE KEY',
    'A(?:KIA|SIA|Iza)',
    '[Bb][eE](?:arer|ARER) ',
    String.raw`://[^\s/:@"'\\]{0,64}:`,
    ...[...base64Cores('github_pat_'), ...base64Cores('sk-ant-')].map(fromRareLetter),
  ].join('|'),
);

/** Matches `literal`, which holds a letter that is rare in texts and is looked for first. */
function fromRareLetter(literal: string): string {
  const at = literal.search(/[QWXY]/);
  return `${literal[at]}(?<=${literal.slice(0, at + 1)})${literal.slice(at + 1)}`;
}

/**
 * What every base64 text that contains `value` must contain: one string for each of the three positions `value` can
 * have in a group of three bytes. The first and last characters, which also depend on the neighbours, are left out.
 */
export function base64Cores(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
}
