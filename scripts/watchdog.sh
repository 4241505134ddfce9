#!/bin/sh
# Looks at one task, or at all, brings back what died, and returns; for cron. A thin door to: conduxt watchdog
#
#   watchdog.sh [task-id] [more options of conduxt watchdog]
set -eu
case ${1-} in
  '')
    [ $# -eq 0 ] || shift
    set -- --once "$@"
    ;;
  -*) set -- --once "$@" ;;
esac
# shellcheck source=scripts/find-conduxt.sh
. "$(dirname -- "$0")/find-conduxt.sh"
conduxt_run watchdog "$@"
