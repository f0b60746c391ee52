#!/bin/sh
# Makes the secrets of a new installation in deploy/secrets. What is there already is kept: losing provider_secret
# means typing every provider's key again.
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
# Compose hands these files to containers whose users are others than yours.
chmod 0444 secrets/*
chmod 0711 secrets
