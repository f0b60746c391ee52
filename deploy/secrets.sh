#!/bin/sh
# Makes the secrets of a new installation in deploy/secrets: sudo sh deploy/secrets.sh
# What is there already is kept: losing provider_secret means typing every provider's key again.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -s "secrets/$1" ] || { printf '%s' "$2" >"secrets/$1" && echo "made secrets/$1"; }; }

make secret_key "$(random)$(random)"
make provider_secret "$(random)"
make database_password "$(random)"
make redis_password "$(random)"
make store_key "$(random)"
make metrics_token "$(random)"
make database_url "postgresql://studio:$(cat secrets/database_password)@postgresql:5432/studio"
# A file has one owner, and two containers with different users need these: each gets its own.
make valkey_password "$(cat secrets/redis_password)"
make store_own_key "$(cat secrets/store_key)"

# Nobody else on this machine may read them: the folder is yours alone, each file its container's user's (deploy/compose.yaml).
chmod 0700 secrets
chmod 0400 secrets/*
if [ "$(id -u)" = 0 ]; then
    (cd secrets && chown 10001:10001 secret_key provider_secret database_url redis_password store_key metrics_token)
    (cd secrets && chown 999:999 database_password valkey_password && chown 1000:1000 store_own_key)
else
    echo "The owners could not be set, so the containers cannot read the secrets: run this again as root (sudo)." >&2
fi
