#!/bin/sh
# Makes branch, worktree and memory entry of a task, and starts no agent. A thin door to: conduxt run --prepare
#
#   setup.sh <task-id> <branch> <worktree-dir> <description> [acpx|tmux|auto] [more options of conduxt run]
#
# branch and worktree-dir may be "" or "-": conduxt chooses. Run it in the repository. Nothing is typed into a shell: the
# description may hold anything.
set -eu
if [ $# -lt 4 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
task_id=$1 branch=$2 worktree_dir=$3 description=$4
shift 4
backend=auto
case ${1-} in
  acpx | acp | tmux | auto)
    backend=$1
    shift
    ;;
esac
case $branch in '' | -) ;; *) set -- --branch "$branch" "$@" ;; esac
case $worktree_dir in '' | -) ;; *) set -- --worktree "$worktree_dir" "$@" ;; esac
# shellcheck source=scripts/find-conduxt.sh
. "$(dirname -- "$0")/find-conduxt.sh"
conduxt_run run --prepare --name "$task_id" --backend "$backend" "$@" -- "$description"
