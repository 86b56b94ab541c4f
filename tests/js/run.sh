#!/bin/sh
# What Node does for the page's scripts: "test" (unit tests; Node alone), "check" (types, linter, format), "format".
#
# Node is installed where that is possible: on Debian, as root. Elsewhere one line says how to get it, and nothing is run;
# where CI=true that fails.
set -eu
cd "$(dirname "$0")/../.."
task=$1
tools="nodejs"
[ "$task" = test ] || tools="nodejs npm"

present() {
  command -v node >/dev/null 2>&1 || return 1
  node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || return 1
  [ "$task" = test ] || command -v npm >/dev/null 2>&1
}

if ! present && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing $tools for the page's scripts"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $tools >/dev/null || true
fi
if ! present; then
  echo "No Node: to $task the page's scripts get Node 18 or newer with npm (Debian: apt-get install nodejs npm; macOS: brew install node)." >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi

# Files are named one by one: what Node makes of a folder here differs from version to version.
[ "$task" = test ] && exec node --test $(find tests/js -name '*.test.js' | sort)

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --silent --ignore-scripts --no-audit --no-fund
fi
exec npm run --silent "$task"
