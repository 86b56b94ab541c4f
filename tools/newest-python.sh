#!/bin/sh
# Print the newest Python on the PATH that can make the environment: 3.11 or newer, released, with venv.
# With an argument only that one is looked at. Without any that will do, say so in one line and fail.
suits='import sys, venv, ensurepip
if sys.version_info < (3, 11) or sys.version_info.releaselevel != "final": sys.exit(1)
print(sys.version_info[0] * 1000 + sys.version_info[1])'

newest=0 chosen=
for candidate in ${1:-python3 python python3.11 python3.12 python3.13 python3.14 python3.15 python3.16 python3.17}; do
  version=$("$candidate" -c "$suits" 2>/dev/null) || continue
  if [ "$version" -gt "$newest" ]; then newest=$version chosen=$candidate; fi
done
if [ -z "$chosen" ]; then
  found=${1:+"$1 is not that"}
  echo "Python 3.11 or newer with its venv module is needed: ${found:-the PATH has none} (Debian: apt-get install python3-venv; macOS: brew install python)." >&2
  exit 1
fi
echo "$chosen"
