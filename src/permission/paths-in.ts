/** Names under which agents put the path they are about to touch into a tool's input. */
const PATH_KEYS = [
  'path',
  'file_path',
  'filePath',
  'filepath',
  'notebook_path',
  'abs_path',
  'absolute_path',
  'old_path',
  'new_path',
];

/** Text that a tool which edits writes or replaces: imports and comments in it look like paths, and are none. */
const WRITTEN_KEYS = new Set([
  'content',
  'old_string',
  'new_string',
  'oldString',
  'newString',
  'oldText',
  'newText',
  'new_source',
  'unified_diff',
]);

/**
 * The paths that a tool's input names, without those that are there twice. All of them, however many, long or deep in it:
 * whoever judges a request by some of its paths judges another request.
 * @param tool what is known of the tool: its ACP kind, and the agent's own name for it.
 */
export function pathsIn(
  input: unknown,
  tool: { readonly kind: string | null; readonly name?: string },
): readonly string[] {
  const fields = new Map<string, unknown>(entriesOf(input));
  const listed: unknown = fields.get('paths');
  const paths: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const found = [
    ...PATH_KEYS.map((key) => fields.get(key)),
    ...paths,
    // A patch: its files are the keys.
    ...entriesOf(fields.get('changes')).map(([file]) => file),
    ...placesIn(fields, (key) => (tool.kind === 'edit' && WRITTEN_KEYS.has(key)) || isRegExp(key, tool.name)),
  ];
  return [...new Set(found.filter((path) => typeof path === 'string').filter((path) => path !== ''))];
}

/** What these look for is text in files; all others mean names of files. */
const isRegExp = (key: string, tool: string | undefined): boolean =>
  key === 'pattern' && /^(?:grep|search_file_content)$/i.test(tool ?? '');

/** Absolute, in a home, upwards, or on the network. */
const PLACE = /^(?:\/|~|\.\.(?:\/|$)|[A-Za-z][A-Za-z0-9+.-]*:\/\/)|\/\.\.(?:\/|$)/;

/** Whatever in the input leads out of the worktree, under whichever key: agents have many names for a path. */
function placesIn(fields: ReadonlyMap<string, unknown>, isText: (key: string) => boolean): string[] {
  const found: string[] = [];
  const open: [key: string, value: unknown][] = [...fields].filter(([key, value]) => !isCommand(key, value, fields));
  // Not by calls: an input may be nested deeper than those can be.
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [key, value] = next;
    if (typeof value === 'string') {
      if (isText(key)) continue;
      if (PLACE.test(value)) found.push(value);
      if (/pattern|glob|include/i.test(key)) found.push(...alternativesOutside(value));
    } else if (Array.isArray(value)) {
      for (const each of value) open.push([key, each]);
    } else {
      for (const [name, inner] of entriesOf(value)) {
        if (PLACE.test(name)) found.push(name);
        open.push([name, inner]);
      }
    }
  }
  return found;
}

/** `{/etc,src}/x` and `{..,a}/{..,b}` begin in the worktree only when they are read as one name. */
function alternativesOutside(pattern: string): string[] {
  const plain = pattern.replaceAll('\\', '');
  if (!/[{(]/.test(plain)) return PLACE.test(plain) ? [plain] : [];
  const rooted = [...plain.matchAll(/(?:^|[{,(|])([/~][^{},()|]*)/g)].map(([, place]) => place ?? '');
  return /(?:^|[/{},()|])\.\.(?=$|[/{},()|])/.test(plain) ? [...rooted, '..'] : rooted;
}

/** The command itself is judged as one. */
const isCommand = (key: string, value: unknown, fields: ReadonlyMap<string, unknown>): boolean =>
  key === commandKey(fields) && (typeof value === 'string' || Array.isArray(value));

/** The command that a tool's input names, and its words where it is given in words: then no shell looks at it first. */
export function commandIn(input: unknown): { readonly command: string | null; readonly argv?: readonly string[] } {
  const fields = new Map<string, unknown>(entriesOf(input));
  const command = fields.get(commandKey(fields));
  if (typeof command === 'string') return { command };
  if (!Array.isArray(command)) return { command: null };
  const argv = command.map(String);
  return { command: argv.join(' '), argv };
}

const commandKey = (fields: ReadonlyMap<string, unknown>): string =>
  (fields.get('command') ?? null) === null ? 'cmd' : 'command';

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
