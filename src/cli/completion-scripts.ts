/** Completion scripts: static words for verbs and options; names of sessions come from `conduxt status --json`. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export interface VerbWords {
  /** The verb and its alias. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly options: readonly { readonly flag: string; readonly text: string }[];
  /** Its first word is a session of this repository. */
  readonly takesSession: boolean;
}

export function completionScript(shell: Shell, verbs: readonly VerbWords[]): string {
  switch (shell) {
    case 'bash':
      return bash(verbs);
    case 'zsh':
      return zsh(verbs);
    case 'fish':
      return fish(verbs);
  }
}

/** Session names as the shell needs them: one a line. Only letters, digits and hyphens can occur in one. */
const SESSIONS = `conduxt status --json 2>/dev/null | sed -n 's/^      "name": "\\([a-z0-9-]*\\)",*$/\\1/p'`;

function bash(verbs: readonly VerbWords[]): string {
  const names = verbs.flatMap((verb) => verb.names).join(' ');
  const cases = verbs.map(
    (verb) =>
      `    ${verb.names.join('|')}) options='${verb.options.map(({ flag }) => flag).join(' ')}'; sessions=${verb.takesSession ? 'yes' : 'no'} ;;`,
  );
  return `# bash completion for conduxt
_conduxt() {
  local current=\${COMP_WORDS[COMP_CWORD]} options= sessions=no
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${names} help --help --version' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $sessions == yes ]]; then
    COMPREPLY=($(compgen -W "$(${SESSIONS})" -- "$current"))
  fi
}
complete -o default -F _conduxt conduxt
`;
}

/** Inside single quotes, in an argument of `_arguments` or `_describe`. */
const zshText = (text: string): string => text.replace(/'/g, "'\\''").replace(/([[\]:])/g, '\\$1');

function zsh(verbs: readonly VerbWords[]): string {
  const described = verbs.flatMap((verb) => verb.names.map((name) => `    '${name}:${zshText(verb.summary)}'`));
  const cases = verbs.map((verb) => {
    const options = verb.options.map(({ flag, text }) => `'${flag}[${zshText(text)}]'`);
    const rest = verb.takesSession ? `'*:session:_conduxt_sessions'` : `'*:file:_files'`;
    return `    ${verb.names.join('|')}) _arguments ${[...options, rest].join(' ')} ;;`;
  });
  return `#compdef conduxt
_conduxt_sessions() {
  local -a sessions
  sessions=(\${(f)"$(${SESSIONS})"})
  _describe session sessions
}
_conduxt() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
_conduxt "$@"
`;
}

const fishText = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;

function fish(verbs: readonly VerbWords[]): string {
  const lines = verbs.flatMap((verb) => {
    const seen = `'__fish_seen_subcommand_from ${verb.names.join(' ')}'`;
    return [
      ...verb.names.map(
        (name) => `complete -c conduxt -n __fish_use_subcommand -f -a ${name} -d ${fishText(verb.summary)}`,
      ),
      ...verb.options.map(
        ({ flag, text }) => `complete -c conduxt -n ${seen} -l ${flag.replace(/^-+/, '')} -d ${fishText(text)}`,
      ),
      ...(verb.takesSession ? [`complete -c conduxt -n ${seen} -f -a '(__conduxt_sessions)'`] : []),
    ];
  });
  return `# fish completion for conduxt
function __conduxt_sessions
  ${SESSIONS}
end
${lines.join('\n')}
`;
}
