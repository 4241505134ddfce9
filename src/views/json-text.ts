/** What `JSON.stringify` leaves as it is although a terminal, or an eye, would be fooled by it. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g;

/**
 * JSON on one line that is safe on a terminal and means exactly the same: such characters only occur inside of
 * strings, where an escape stands for them.
 */
export function safeJson(value: unknown, indent?: number): string {
  return escapeUnsafe(JSON.stringify(value, null, indent));
}

export const escapeUnsafe = (json: string): string =>
  json.replace(UNSAFE_IN_JSON, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
