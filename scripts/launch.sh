#!/bin/sh
# Gives a prepared task to an agent, over ACP first, in a terminal when that fails; returns as soon as it is durable.
# A thin door to: conduxt run --no-wait
#
#   launch.sh <task-id> <worktree-dir> <prompt-file> [acpx|tmux|auto] [claude|gemini|codex|aider|auto] [more options]
#
# worktree-dir may be "" or "-", also when setup.sh made it. prompt-file "" or "-": the description given to setup.sh. A
# worktree that setup.sh did not make is taken over with its branch. Run it in the repository.
set -eu
if [ $# -lt 3 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
task_id=$1 worktree_dir=$2 prompt_file=$3
shift 3
backend=auto agent=auto
case ${1-} in
  acpx | acp | tmux | auto)
    backend=$1
    shift
    case ${1-} in
      '') ;;
      -*) ;;
      *)
        agent=$1
        shift
        ;;
    esac
    ;;
esac
case $prompt_file in '' | -) ;; *) set -- --file "$prompt_file" "$@" ;; esac
case $worktree_dir in
  '' | -) ;;
  *)
    if branch=$(git -C "$worktree_dir" symbolic-ref --quiet --short HEAD 2>/dev/null); then
      set -- --adopt --branch "$branch" "$@"
    fi
    set -- --worktree "$worktree_dir" "$@"
    ;;
esac
# shellcheck source=scripts/find-conduxt.sh
. "$(dirname -- "$0")/find-conduxt.sh"
conduxt_run run --no-wait --name "$task_id" --backend "$backend" --agent "$agent" "$@"
