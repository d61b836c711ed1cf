#!/bin/sh
# Writes the secrets that docker-compose.yml reads to ./secrets, each once; never touches one that
# is there. The folder is closed to others; the files are readable, as the user inside a container
# is not the one who wrote them.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
chmod 700 secrets

keep() { # name value
  if [ ! -e "secrets/$1" ]; then
    printf '%s\n' "$2" > "secrets/$1"
    chmod 444 "secrets/$1"
    echo "secrets/$1 written"
  fi
}
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }

keep secret_key "$(random 48)"
keep field_keys "$(random 32)"
keep postgres_password "$(random 24)"
keep database_url "postgresql://integrator:$(cat secrets/postgres_password)@postgres:5432/integrator"
