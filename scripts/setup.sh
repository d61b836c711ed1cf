#!/bin/sh
# Makes .venv and installs what a lock file names, and nothing when that has been done already.
#   scripts/setup.sh requirements.lock
# Needs Python 3.11 or newer and pip, not ensurepip: Debian's python3 and python3-pip are enough.
# PYTHON=... names another Python than the machine's own.
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp=.venv/installed-$lock

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if cmp -s "$lock" "$stamp" && is_new_enough .venv/bin/python; then
  exit 0
fi

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
  if is_new_enough "$candidate"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Python 3.11 or newer is needed, and ${PYTHON:-neither python3 nor python3.11 to python3.14} is that. On Debian:" >&2
  echo "  apt-get install python3 python3-pip" >&2
  exit 2
fi
if ! "$python" -m pip --version >/dev/null 2>&1; then
  echo "pip is needed for $("$python" --version). On Debian: apt-get install python3-pip" >&2
  exit 2
fi

if ! is_new_enough .venv/bin/python; then
  echo "Making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv --without-pip .venv
fi
echo "Installing what $lock names"
"$python" -m pip --disable-pip-version-check --python .venv/bin/python install --require-hashes -r "$lock"
cp "$lock" "$stamp"
