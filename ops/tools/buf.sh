#!/bin/bash
# Runs buf at a pinned version, from npm, kept in .cache. Works without a network once it is there.
set -euo pipefail

version=1.75.0
root=$(cd "$(dirname "$0")/../.." && pwd)
home=$root/.cache/buf-$version

if [[ ! -x $home/node_modules/.bin/buf ]]; then
  mkdir -p "$home"
  npm install --prefix "$home" --no-save --no-audit --no-fund --loglevel=error "@bufbuild/buf@$version" >&2
fi
cd "$root/proto"
exec "$home/node_modules/.bin/buf" "$@"
