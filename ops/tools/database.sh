#!/bin/bash
# Sees to it that this machine has a database server that `fluent up` can embed: CockroachDB or PostgreSQL 15 or newer. Installs
# Debian's PostgreSQL when there is none and we may.
set -euo pipefail

[[ -n ${COCKROACH_BINARY:-} ]] && exit 0
command -v cockroach >/dev/null && exit 0
command -v postgres >/dev/null && exit 0
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && exit 0

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
  echo 'No database server found: install PostgreSQL 15 or newer (Debian, Ubuntu: apt-get install postgresql), or set COCKROACH_BINARY.' >&2
  exit 1
fi
echo 'No database server found; installing the package postgresql.' >&2
# Debian would start a cluster of its own; the embedded server needs only the programs.
mkdir -p /etc/postgresql-common
[[ -e /etc/postgresql-common/createcluster.conf ]] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >&2
apt-get install -q -y --no-install-recommends postgresql >&2
