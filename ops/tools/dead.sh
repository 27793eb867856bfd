#!/bin/bash
# Fails if neither a program nor a test reaches a function.
set -euo pipefail
cd "$(dirname "$0")/../.."
dead=$(${GO:-go} tool -modfile=ops/tools/lint.mod deadcode -test -tags soak \
  -f '{{range .Funcs}}{{$.Path}}.{{.Name}} ({{.Position.File}}:{{.Position.Line}}){{println}}{{end}}' ./...)
[ -z "$dead" ] || { printf 'Nothing reaches these; remove them:\n%s\n' "$dead" >&2; exit 1; }
