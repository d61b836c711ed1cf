#!/bin/sh
# Makes .venv and installs what a lock file names, and nothing when that has been done already.
#   scripts/setup.sh requirements.lock
# Needs Python 3.11 and pip, not ensurepip: Debian's python3 and python3-pip are enough.
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp=.venv/installed-$lock

if cmp -s "$lock" "$stamp" && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

python=
for candidate in python3.11 python3 python; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Python 3.11 is needed, and neither python3.11 nor python3 is that. On Debian 12:" >&2
  echo "  apt-get install python3 python3-pip" >&2
  exit 2
fi
if ! "$python" -m pip --version >/dev/null 2>&1; then
  echo "pip is needed for $("$python" --version). On Debian 12: apt-get install python3-pip" >&2
  exit 2
fi

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
  echo "Making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv --without-pip .venv
fi
echo "Installing what $lock names"
"$python" -m pip --disable-pip-version-check --python .venv/bin/python install --require-hashes -r "$lock"
cp "$lock" "$stamp"
