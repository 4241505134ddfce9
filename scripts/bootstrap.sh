#!/usr/bin/env bash
# From a fresh clone to a running script, on a machine that has git, Node >= 20 with npm, and nothing else:
# packages (npm ci, which also brings Node 24), build, tmux for the tests, then the script itself under that Node.
#
#   bash scripts/bootstrap.sh demo|test|build|test:agents|test:faults|chaos [arguments...]
#
# Stages report one line each on stderr and their whole output only when they fail. Two runs in one clone take turns
# at installing and building. Bash 3.2 (macOS) is enough.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 70
cd "$root" || exit 70
target=${1:-}
[ $# -gt 0 ] && shift

state=$root/.test-cache
own_node=$root/node_modules/node/bin/node
node=''

say() { printf 'conduxt: %s\n' "$*" >&2; }

# The closing line of `npm test` is there even when the tests could not be started.
give_up() {
  say "$1"
  case $target in test | test:agents | test:faults) echo '0 passed, 1 failed, 0 skipped' ;; esac
  exit "${2:-1}"
}

# stage <what> <command...>: one line, the complete output only on failure.
stage() {
  local what=$1 log status
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/conduxt-setup.XXXXXX") || give_up 'no temporary file could be made' 74
  say "$what ..."
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    say "$what failed (exit $status): $*"
  fi
  rm -f "$log"
  return "$status"
}

# --- one run at a time installs and builds -------------------------------------------------------------------------
# The kernel's lock where there is flock(1): it dies with its holder. Elsewhere (macOS) a symbolic link, which is made
# with its content in one step; a link whose process is gone is moved aside, and only then is the lock tried again.
lock_link=$state/bootstrap.pid
locked=''

take_lock() {
  mkdir -p "$state" || give_up "cannot write to $root" 74
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$state/bootstrap.lock" || give_up "cannot write to $state" 74
    flock -n 9 || { say 'waiting for another run to finish setting up ...' && flock 9; }
    locked=flock
    return
  fi
  local told='' holder aside
  until ln -sn "$$" "$lock_link" 2>/dev/null; do
    holder=$(readlink "$lock_link" 2>/dev/null) || continue
    if ! kill -0 "$holder" 2>/dev/null; then
      aside=$lock_link.$$
      mv -f "$lock_link" "$aside" 2>/dev/null || continue
      # Somebody else may have replaced the dead link between our look and our move: then it goes back.
      [ "$(readlink "$aside")" = "$holder" ] || ln -sn "$(readlink "$aside")" "$lock_link" 2>/dev/null
      rm -f "$aside"
      continue
    fi
    [ -n "$told" ] || say 'waiting for another run to finish setting up ...'
    told=1
    sleep 0.2
  done
  locked=link
  trap 'rm -f "$lock_link"' EXIT
}

release_lock() {
  case $locked in
    flock) exec 9>&- ;;
    link) rm -f "$lock_link" && trap - EXIT ;;
  esac
  locked=''
}

# Run without the lock's descriptor, so that nothing a child leaves behind can hold the lock.
unlocked() { if [ "$locked" = flock ]; then "$@" 9>&-; else "$@"; fi; }

# --- packages ------------------------------------------------------------------------------------------------------
packages_are_fresh() {
  # A linked directory belongs to another checkout, and npm ci would empty it there: used as it is, or not at all.
  if [ -L node_modules ]; then
    [ -f node_modules/.package-lock.json ] ||
      give_up 'node_modules is a link to a directory without packages. Remove the link, then try again.' 5
    return 0
  fi
  # npm writes this file last, so a broken-off install does not count.
  [ -f node_modules/.package-lock.json ] && ! [ package-lock.json -nt node_modules/.package-lock.json ]
}

install_packages() {
  packages_are_fresh && return 0
  command -v npm >/dev/null 2>&1 || give_up 'npm was not found. Install Node 20 or newer with npm, then try again.' 5
  # loglevel error: npm under Node 20 warns that we want a newer Node, which is what is being installed.
  unlocked stage 'installing packages (npm ci)' npm ci --no-audit --no-fund --loglevel=error ||
    give_up 'The packages could not be installed. Check the network and npm settings, then try again.' 5
}

# --- tmux ----------------------------------------------------------------------------------------------------------
# For the tests of terminals, which say that they are skipped without it. Put in where that needs nobody's password.
install_tmux() {
  command -v tmux >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    unlocked stage 'installing tmux (apt-get)' env DEBIAN_FRONTEND=noninteractive \
      sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends tmux' && return 0
  fi
  local how='your package manager'
  if command -v apt-get >/dev/null 2>&1; then how='sudo apt-get install tmux'
  elif command -v dnf >/dev/null 2>&1; then how='sudo dnf install tmux'
  elif command -v apk >/dev/null 2>&1; then how='sudo apk add tmux'
  elif command -v brew >/dev/null 2>&1; then how='brew install tmux'; fi
  say "tmux is missing: what runs in terminals is not tested. Install it with: $how"
}

# --- Node 24 -------------------------------------------------------------------------------------------------------
# The `node` package puts the program in place with its install script. Without it the machine's own Node is good
# enough only if it is as new.
choose_node() {
  if [ -x "$own_node" ] && "$own_node" --version >/dev/null 2>&1; then
    node=$own_node
    return 0
  fi
  if node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)' 2>/dev/null; then
    node=$(command -v node)
    say "node_modules/node/bin/node is missing; using $node ($("$node" --version))."
    return 0
  fi
  local why='its install script did not run'
  [ "$(npm config get ignore-scripts 2>/dev/null)" = true ] && why='npm is configured with ignore-scripts'
  [ -x "$own_node" ] && why='the one that was installed does not run on this machine'
  give_up "Node 24 is missing: $why.
conduxt: Either install Node 24 yourself and put it first on the PATH, or run: npm rebuild node --ignore-scripts=false" 5
}

# --- build ---------------------------------------------------------------------------------------------------------
build_is_fresh() {
  [ -f dist/conduxt.js ] && [ -f "$state/built" ] &&
    [ -z "$(find src scripts/build.ts package.json -newer "$state/built" | head -n 1)" ]
}

build() {
  unlocked stage building "$node" scripts/build.ts || give_up 'The build failed.'
}

case $target in
  demo | test | build | test:agents | test:faults | chaos | bench | bench:ci) ;;
  *)
    say 'usage: bash scripts/bootstrap.sh demo|test|build|test:agents|test:faults|chaos|bench|bench:ci [arguments...]'
    exit 2
    ;;
esac

take_lock
install_packages
choose_node
case $target in test | test:agents | test:faults | bench) install_tmux ;; esac
case $target in
  build) build ;;
  demo | chaos | bench | bench:ci) build_is_fresh || build ;;
  # The tests build too, as one of their stages.
esac
release_lock

PATH=$(dirname "$node"):$PATH
export PATH
case $target in
  build) exit 0 ;;
  demo) exec "$node" scripts/demo.ts "$@" ;;
  test) exec "$node" scripts/test.ts "$@" ;;
  test:faults) exec "$node" scripts/test.ts --faults "$@" ;;
  chaos) exec "$node" --disable-warning=ExperimentalWarning scripts/chaos.ts "$@" ;;
  bench) exec "$node" --disable-warning=ExperimentalWarning scripts/bench.ts "$@" ;;
  bench:ci) exec "$node" --disable-warning=ExperimentalWarning scripts/bench.ts --ci "$@" ;;
  test:agents)
    # An agent that cannot be installed skips its tests, and they say why.
    "$node" scripts/install-agents.ts
    # Whatever an agent tries, no packet leaves the machine: their model is on the loopback.
    for unshare in 'unshare -n' 'unshare -rn' ''; do
      [ -z "$unshare" ] || $unshare sh -c 'ip link set lo up' 2>/dev/null && break
    done
    if [ -z "$unshare" ]; then
      say 'no network namespace can be made here: the agents run with the network.'
      exec "$node" scripts/test.ts --agents "$@"
    fi
    # shellcheck disable=SC2016,SC2086 # words on purpose; the script is for the inner shell
    exec $unshare sh -c 'ip link set lo up && exec "$@"' sh "$node" scripts/test.ts --agents "$@"
    ;;
esac
