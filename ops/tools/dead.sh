#!/bin/bash
# Fails if neither a program nor a test reaches a function, but for those that dead.txt lists.
set -euo pipefail
cd "$(dirname "$0")/../.."
found=$(${GO:-go} tool -modfile=ops/tools/lint.mod deadcode -test -tags soak \
  -f '{{range .Funcs}}{{$.Path}}.{{.Name}} ({{.Position.File}}:{{.Position.Line}}){{println}}{{end}}' ./...)
dead=$(grep -v '^$' <<<"$found" | grep -vFf <(sed -n 's/^\([^# ][^ ]*\).*/\1 /p' ops/tools/dead.txt) || true)
[ -z "$dead" ] || { printf 'Nothing reaches these; remove them, or list them in ops/tools/dead.txt with the reason:\n%s\n' "$dead" >&2; exit 1; }
