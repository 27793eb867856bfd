#!/bin/bash
# Checks every migration and every statement of the product against CockroachDB's grammar.
set -euo pipefail
cd "$(dirname "$0")/../.."

checker=$PWD/.cache/sqlgrammar
mkdir -p .cache
(cd ops/tools/sqlgrammar && go build -o "$checker" .)
statements=$(mktemp -d)
trap 'rm -rf "$statements"' EXIT
go run ./ops/migrations/statements "$statements"
"$checker" dataplane/store/migrations "$statements"
