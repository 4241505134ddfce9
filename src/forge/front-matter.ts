/** A Markdown file with `key: value` lines between two `---` lines at its top. Not YAML: one line, one value. */
export interface FrontMatter {
  readonly fields: ReadonlyMap<string, string>;
  /** What follows, without the empty lines before it. */
  readonly body: string;
}

/** Keys are read in lowercase; a value in double quotes is read as a JSON string. No front matter: all is body. */
export function parseFrontMatter(text: string): FrontMatter {
  const normal = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const match = /^---[ \t]*\n([^]*?)(?:^|\n)---[ \t]*(?:\n|$)/.exec(normal);
  if (match === null) return { fields: new Map(), body: normal };
  const fields = new Map<string, string>();
  for (const line of (match[1] ?? '').split('\n')) {
    const pair = /^([A-Za-z][\w-]*)\s*:\s*(.*?)\s*$/.exec(line);
    if (pair?.[1] !== undefined) fields.set(pair[1].toLowerCase(), unquoted(pair[2] ?? ''));
  }
  return { fields, body: normal.slice(match[0].length).replace(/^\n+/, '') };
}

/** The inverse, for values of any kind: what could be misread is quoted. */
export function formatFrontMatter(fields: readonly (readonly [string, string])[], body: string): string {
  const lines = fields.map(
    ([key, value]) =>
      `${key}: ${/^[\w./:%~+-][\w ./:%~+-]*$/.test(value) && value === value.trim() ? value : JSON.stringify(value)}`,
  );
  return `---\n${lines.join('\n')}\n---\n\n${body}`;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value.replace(/^'(.*)'$/, '$1');
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    // A quote that is part of the words.
    return value;
  }
}
