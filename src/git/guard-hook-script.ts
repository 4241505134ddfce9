export interface HookFacts {
  /** Branch names; the first is named in messages. */
  readonly protectedBranches: readonly string[];
  /** Whether local changes of these branches are refused too, not only pushes. */
  readonly protectsLocally: boolean;
  /** Real path of the repository's common directory: other repositories are none of our business. */
  readonly commonDir: string;
  /** Where the repository's own hooks are, absolute; null when it was not to be found out. */
  readonly ownHooks: string | null;
  /** How many settings were in `GIT_CONFIG_COUNT` before ours. */
  readonly settingsBefore: number;
  /** What the agent does instead; one sentence. */
  readonly instead: string;
  readonly nowSeconds: number;
}

/**
 * The text of a hook, for every name the same: POSIX shell without a program of ours, so that it works when conduxt is
 * gone, and starts in a millisecond. Facts are quoted, never interpreted.
 *
 * The repository's own hook is looked up by git unless the configuration is older than the stamp: that call is what
 * costs (measured: two milliseconds of the three that a hook adds to a commit).
 */
export function guardHookScript(facts: HookFacts): string {
  const { protectedBranches, protectsLocally, commonDir, ownHooks, settingsBefore, instead } = facts;
  const patterns = protectedBranches.map((name) => quote(`refs/heads/${name}`)).join(' | ');
  const [primary = ''] = protectedBranches;
  return `#!/bin/sh
# Written by conduxt for the agent of one session: keeps it off the primary branch, then hands on to the
# repository's own hook of this name. Not part of the repository; your own git does not know it.
hook=\${0##*/}
place=\${0%/*}
common=${quote(commonDir)}
own=${quote(ownHooks ?? '')}

refuse() {
  printf '%s\\n' "The guard of conduxt refused this: $1 the primary branch ("${quote(primary)}"). "${quote(instead)} >&2
  exit 1
}

# The repository of the session, from whichever worktree.
is_ours() {
  here=$(git rev-parse --git-common-dir 2>/dev/null) && here=$(cd "$here" 2>/dev/null && pwd -P) && [ "$here" = "$common" ]
}

# A clone elsewhere that pushes to where the session's repository pushes.
is_our_remote() {
  for name in $(git --git-dir="$common" remote 2>/dev/null); do
    git --git-dir="$common" remote get-url --push --all "$name" 2>/dev/null | while IFS= read -r url; do
      [ "$url" = "$1" ] && exit 3
    done
    [ $? = 3 ] && return 0
  done
  return 1
}

# \`git gc\` writes a branch into another file, at the commit it has, and takes the first file away, which the hook is told
# as a deletion (git 2.39): both are no change.
moved() {
  [ "$1" = prepared ] || return 1
  [ "$(git rev-parse --verify --quiet "$4")" = "$3" ] && return 1
  case "$2$3" in *[!0]*) ;; *) return 0 ;; esac
  case "$3" in *[!0]*) return 0 ;; esac
  ! grep -qxF "$2 $4" "$common/packed-refs" 2>/dev/null
}

find_own() {
  case "\${GIT_DIR:-}" in
    "$common" | "$common"/worktrees/*)
      [ -n "$own" ] && ! [ "$common/config" -nt "$place/.written" ] && return
      ;;
  esac
  own=$(GIT_CONFIG_COUNT=${settingsBefore} git rev-parse --git-path hooks 2>/dev/null) || own=
}

has_own() {
  [ -n "$own" ] && [ "$own" != "$place" ] && [ -f "$own/$hook" ] && [ -x "$own/$hook" ]
}

touches_primary=
case "$hook" in
  pre-push)
    input=$(cat && echo .)
    input=\${input%.}
    while read -r _ _ ref _; do
      case "$ref" in ${patterns}) touches_primary=1 ;; esac
    done <<END_OF_INPUT
$input
END_OF_INPUT
    if [ -n "$touches_primary" ] && { is_ours || is_our_remote "\${2:-}"; }; then refuse 'a push to'; fi
    find_own
    has_own || exit 0
    printf '%s' "$input" | "$own/$hook" "$@"
    exit $?
    ;;
  reference-transaction)
    # Called up to three times for every change of a ref: no program is started without need.
    if [ "\${1:-}" = prepared ] || [ -x "$own/$hook" ] || [ -x "\${GIT_DIR:-.git}/hooks/$hook" ]; then
      input=
      while read -r old new ref; do
        input="$input$old $new $ref
"
        case "$ref" in ${patterns}) moved ${protectsLocally ? '"$1" "$old" "$new" "$ref"' : 'no'} && touches_primary=1 ;; esac
      done
      if [ -n "$touches_primary" ] && is_ours; then refuse 'changing'; fi
      if [ -x "$own/$hook" ] || [ -x "\${GIT_DIR:-.git}/hooks/$hook" ]; then
        find_own
        has_own || exit 0
        printf '%s' "$input" | "$own/$hook" "$@"
        exit $?
      fi
    fi
    exit 0
    ;;
esac

find_own
has_own || exit 0
exec "$own/$hook" "$@"
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
