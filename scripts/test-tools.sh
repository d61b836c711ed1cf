#!/bin/sh
# Makes sure that the programs the tests drive are there: Chromium, PostgreSQL, a Redis, gettext.
# Installs what is missing where it may (root, with apt); elsewhere says what to install.
set -eu
cd "$(dirname "$0")/.."

missing=
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
  missing="$missing chromium fonts-liberation"
fi
# What drives Chromium needs a library that a bare Debian 12 lacks.
if ! .venv/bin/python -m playwright --version >/dev/null 2>&1; then
  missing="$missing libatomic1"
fi
if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  missing="$missing postgresql"
fi
if ! .venv/bin/python -c 'from integrator.supervisor.redis import find_server; find_server()' 2>/dev/null; then
  missing="$missing redis-server"
fi
for tool in xgettext msgattrib msgfmt; do
  if ! command -v "$tool" >/dev/null; then
    missing="$missing gettext"
    break
  fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need more programs. On Debian 12: sudo apt-get install$missing" >&2
  exit 2
fi
echo "Installing for the tests:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of words
apt-get install -q -y --no-install-recommends $missing
