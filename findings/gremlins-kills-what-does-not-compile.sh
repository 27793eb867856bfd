#!/bin/bash
# github.com/go-gremlins/gremlins 0.6.0 (Go), mutation tests with default options.
#
# Guess:     a mutant that does not compile (a - b on strings) is NOT VIABLE, a state that the tool has, and counts for nobody.
# What is:   it is KILLED: `go test` ends with 1 for a build that fails, as for a test that fails, and the tool looks for 2. A test that compares nothing
#            reaches "Test efficacy: 100.00%".
# Guess 2:   a constant of the package that a function uses is mutated with the function's own lines.
# What is:   it is NOT COVERED and never tried, since Go's coverage has no blocks for declarations.
# So:        do not trust its percentage for code that joins strings; look at what was killed, and by what.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
GOBIN="$dir/bin" go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0 >/dev/null 2>&1
mkdir shop && cd shop
go mod init example.com/shop >/dev/null 2>&1
cat >shop.go <<'GO'
package shop

const most = 3 + 4

func Join(a, b string) string { return a + b }

func Fits(n int) bool { return n == most }
GO
cat >shop_test.go <<'GO'
package shop

import "testing"

func TestJoin(t *testing.T) { _ = Join("a", "b") }

func TestFits(t *testing.T) {
	if !Fits(7) || Fits(8) {
		t.Fatal()
	}
}
GO
go vet ./... # the program and its test are valid
seen=$("$dir/bin/gremlins" unleash . 2>&1 | sed 's/\x1b\[[0-9;]*m//g' | grep -E 'shop.go|efficacy' | sed 's/^ *//' | sort)
echo "$seen"
grep -q '^KILLED ARITHMETIC_BASE at shop.go:5:42' <<<"$seen" # a - b on strings
grep -q '^NOT COVERED ARITHMETIC_BASE at shop.go:3:16' <<<"$seen"
grep -q 'Test efficacy: 100.00%' <<<"$seen"
