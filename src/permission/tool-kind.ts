/** Names of tools, as agents call them in hooks and titles, by the ACP kind they are of. */
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    execute: ['bash', 'shell', 'run_shell_command', 'run_terminal_cmd', 'execute', 'exec', 'local_shell'],
    edit: ['edit', 'multiedit', 'write', 'notebookedit', 'apply_patch', 'write_file', 'replace', 'str_replace_editor'],
    read: ['read', 'read_file', 'notebookread', 'view'],
    search: ['grep', 'glob', 'ls', 'list_directory', 'search_file_content', 'find'],
    fetch: ['webfetch', 'websearch', 'web_fetch', 'fetch'],
  }).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)),
);

/** The ACP kind of a tool that is known by its name only; null when the name says nothing. */
export const kindOfTool = (name: string): string | null => KINDS.get(name.toLowerCase()) ?? null;
