# Read by the scripts beside it; does nothing by itself. The program of this very package when it is built, otherwise the one
# on the PATH.
conduxt_program=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/dist/conduxt.js
conduxt_run() {
  if [ -f "$conduxt_program" ]; then
    exec node "$conduxt_program" "$@"
  fi
  exec conduxt "$@"
}
