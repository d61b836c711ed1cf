#!/bin/sh
# The README's first block on a new machine: the demo comes up, and a file is bound on it.
set -eu
cd "$HOME/integrator"
python3 --version
make demo >"$HOME/demo.log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" || true' EXIT

left=600
until [ -f var/demo/accounts.csv ] && .venv/bin/python - <<'PYTHON' 2>/dev/null
import urllib.request
urllib.request.urlopen("http://127.0.0.1:8000/readyz", timeout=5)
PYTHON
do
  left=$((left - 1))
  if [ "$left" = 0 ] || ! kill -0 "$demo" 2>/dev/null; then
    tail -n 40 "$HOME/demo.log" >&2
    exit 1
  fi
  sleep 1
done
.venv/bin/python manage.py bind --csv var/demo/accounts.csv --autoprolong on --wait --json
