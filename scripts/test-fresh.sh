#!/bin/sh
# Does what the README says on bare Debian systems, as a newcomer would: clone, demo, bind a file.
#   scripts/test-fresh.sh [bookworm trixie …]
# TESTS=... names tests; else all of `make test` is run, which takes half an hour on each system.
# Needs root and debootstrap. Each system is made in a folder of its own and thrown away.
set -eu
cd "$(dirname "$0")/.."
for tool in debootstrap git chroot; do
  command -v "$tool" >/dev/null || { echo "$tool is needed: apt-get install debootstrap git" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "Only root can make a system: run it as root." >&2; exit 2; }

work=$(mktemp -d)
end() {
  for place in "$work"/*/proc "$work"/*/dev/pts "$work"/*/dev/shm; do
    [ -d "$place" ] && umount "$place" 2>/dev/null || true
  done
  rm -rf --one-file-system "$work"
}
trap end EXIT INT TERM

for suite in ${*:-bookworm trixie}; do
  root=$work/$suite
  echo "== $suite"
  debootstrap --variant=minbase --include=python3,python3-pip,make,git,ca-certificates "$suite" "$root" >"$work/$suite.log" 2>&1 \
    || { tail -n 20 "$work/$suite.log" >&2; exit 1; }
  # What any running system has, and the tests need: processes, terminals, shared memory.
  mount -t proc proc "$root/proc"
  mount -t devpts devpts "$root/dev/pts"
  mkdir -p "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/dev/shm"
  # How this machine reaches the package index is its own business: the new one is told the same.
  for file in /etc/pip.conf /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && cp "$file" "$root$file"
  done
  chroot "$root" useradd --create-home newcomer
  git clone --quiet . "$root/home/newcomer/integrator"
  chroot "$root" chown -R newcomer: /home/newcomer
  cp scripts/newcomer.sh "$root/home/newcomer/newcomer.sh"
  chroot "$root" su newcomer -c 'sh /home/newcomer/newcomer.sh'
  chroot "$root" sh -c 'cd /home/newcomer/integrator && scripts/test-tools.sh' >"$work/$suite.log" 2>&1 \
    || { tail -n 20 "$work/$suite.log" >&2; exit 1; }
  chroot "$root" su newcomer -c "cd ~/integrator && make test ARGS='${TESTS:-}'"
done
