import { base64Cores } from './token-shapes.ts';
import { secretValues } from './redact.ts';

/** Fewer characters than these give nothing away, and stand at the end of many texts. */
const MIN_BEGINNING_CHARS = 4;
/** Longer tokens than this exist, but none that an agent would print bit by bit. */
const MAX_TAIL_CHARS = 8192;

/** Tokens end long before; this keeps the search short on hostile text. */
const MAX_TOKEN_CHARS = 1024;

/** How tokens of a known shape begin, and what they go on with; see `TOKEN_SHAPES`. */
const OPEN_TOKEN =
  /(?:gh[pousr]_|github_pat_|\bsk-|xox[abeoprs]-|xapp-|AKIA|ASIA|AIza|glpat-|npm_|\bhf_|bearer {1,4})[\w.~+/=-]*$|:\/\/[^\s/:@"'\\]{0,64}:[^\s/@"'\\]{0,256}$/i;
const OPEN_KEY = /^-----BEGIN [A-Z ]{0,40}PRIVATE KEY[-A-Za-z0-9+/=\s\\]*$/;
const TOKEN_BEGINNINGS = [
  'ghp_',
  'gho_',
  'ghu_',
  'ghs_',
  'ghr_',
  'github_pat_',
  'sk-',
  'xoxb-',
  'xoxp-',
  'xapp-',
  'AKIA',
  'ASIA',
  'AIza',
  'glpat-',
  'npm_',
  'hf_',
  'Bearer',
  '-----BEGIN',
];

/** Whether the end of a text may be the beginning of a secret whose rest has not come yet. */
export type MayGoOn = (text: string) => boolean;

/** For the secrets that `makeRedactor` finds with the same environment: as they are, URL-encoded and in base64. */
export function makeMayGoOn(env: Readonly<Record<string, string | undefined>>): MayGoOn {
  const forms = secretValues(env).flatMap(({ value }) => [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    ...base64Cores(value),
  ]);
  const longest = Math.max(0, ...forms.map((form) => form.length));
  const beginnings = new Map<string, string[]>();
  for (const form of new Set(forms)) {
    const key = form.slice(0, MIN_BEGINNING_CHARS);
    beginnings.set(key, [...(beginnings.get(key) ?? []), form]);
  }
  // By the low byte of their first character: a piece of text is looked at from each of its characters on.
  const mayBegin = new Uint8Array(256);
  for (const key of beginnings.keys()) mayBegin[key.charCodeAt(0) & 0xff] = 1;
  const isOpenValue = (text: string): boolean => {
    if (longest === 0) return false;
    const tail = text.slice(-longest);
    for (let at = 0; at + MIN_BEGINNING_CHARS <= tail.length; at += 1) {
      if (mayBegin[tail.charCodeAt(at) & 0xff] === 0) continue;
      const found = beginnings.get(tail.slice(at, at + MIN_BEGINNING_CHARS));
      if (found?.some((form) => form.length > tail.length - at && form.startsWith(tail.slice(at))) === true)
        return true;
    }
    return false;
  };
  return (text) => {
    const tail = text.slice(-MAX_TAIL_CHARS);
    return (
      isOpenValue(tail) || OPEN_TOKEN.test(tail.slice(-MAX_TOKEN_CHARS)) || isOpenKey(tail) || endsInBeginning(tail)
    );
  };
}

const KEY_BEGINNING = '-----BEGIN ';

/** Looked for from the front first: from the end the engine goes character by character. */
const isOpenKey = (text: string): boolean =>
  text.includes(KEY_BEGINNING) && OPEN_KEY.test(text.slice(text.lastIndexOf(KEY_BEGINNING)));

/** The last word is the beginning of a token's prefix: `gh`, `github_p`. One letter would be every other word. */
function endsInBeginning(text: string): boolean {
  const word = /(?:^|[^\w-])([\w-]{2,12})$/.exec(text.slice(-14))?.[1];
  return word !== undefined && TOKEN_BEGINNINGS.some((beginning) => beginning.startsWith(word));
}
