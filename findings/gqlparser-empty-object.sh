#!/bin/bash
# github.com/vektah/gqlparser/v2 2.5.64 (Go): the rule ValuesOfCorrectType, on literals in a document.
#
# Guess:     a literal that cannot be of the argument's type is refused by validation, whatever the two are.
# What is:   an empty object {} passes for every scalar, for an enum and for a list of scalars: only unknown fields of an object are looked at, and
#            it has none. {a: 1}, [], numbers and words in the wrong place are refused. An Int of 99999999999 passes too, though GraphQL's Int has 32
#            bits; a Float or ID that is out of range does not.
# So:        check values again where they are read; after validation a String argument may hold an object.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

func main() {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `enum Size { S L } scalar Money
		type Query { find(ref: String, id: ID, many: Int, price: Float, gift: Boolean, size: Size, cost: Money, refs: [String!]): Int }`})
	for _, arg := range []string{
		`ref: {}`, `id: {}`, `many: {}`, `price: {}`, `gift: {}`, `size: {}`, `cost: {}`, `refs: {}`, `refs: [{}]`,
		`ref: {a: 1}`, `ref: []`, `ref: 5`, `gift: []`, `size: "S"`, `many: 99999999999`, `price: 1e999`, `id: 99999999999999999999`,
	} {
		_, errs := gqlparser.LoadQueryWithRules(schema, `{ find(`+arg+`) }`, rules.NewDefaultRules())
		fmt.Printf("%s taken: %v\n", arg, len(errs) == 0)
	}
}
GO
go get github.com/vektah/gqlparser/v2@v2.5.64 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
want='ref: {} taken: true
id: {} taken: true
many: {} taken: true
price: {} taken: true
gift: {} taken: true
size: {} taken: true
cost: {} taken: true
refs: {} taken: true
refs: [{}] taken: true
ref: {a: 1} taken: false
ref: [] taken: false
ref: 5 taken: false
gift: [] taken: false
size: "S" taken: false
many: 99999999999 taken: true
price: 1e999 taken: false
id: 99999999999999999999 taken: false'
[[ $out == "$want" ]] || { echo 'This has changed.' >&2; exit 1; }
