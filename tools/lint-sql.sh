#!/bin/bash
# Checks every migration of the product, and every statement that the store's tests have sent, against CockroachDB's grammar.
set -euo pipefail
cd "$(dirname "$0")/.."

checker=$PWD/.cache/sqlgrammar
mkdir -p .cache
(cd tools/sqlgrammar && go build -o "$checker" .)
"$checker" dataplane/store/migrations
