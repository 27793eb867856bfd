package contract

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fact is one row of the contract: a type, a field or value of a type, or an operation.
type fact struct {
	at    string            // file:line
	kind  string            // OBJECT, INTERFACE, INPUT, ENUM, SCALAR, QUERY, MUTATION
	owner string            // the type; Query or Mutation
	name  string            // of the field; empty: the row is about the type itself
	typ   string            // [String!], …; empty where there is none
	args  map[string]string // by name
	newer bool              // not in the first document that was published
	note  map[string]string // word → value, empty for plain words
}

// id is how the row is named in not-yet.tsv: Order, Order.status, Mutation.createOrder.
func (f fact) id() string { return strings.TrimSuffix(f.owner+"."+f.name, ".") }

// interfaces are those that a type implements by its row.
func (f fact) interfaces() []string { return split(f.note["implements"]) }

// laterArgs are arguments that came after the rest of the row.
func (f fact) laterArgs() []string {
	var out []string
	for _, word := range []string{"newer-arguments", "documented-later-arguments", "unconfirmed-arguments"} {
		out = append(out, split(f.note[word])...)
	}
	return out
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "|")
}

// published reads both tables of the contract.
func published(t *testing.T) []fact {
	t.Helper()
	var out []fact
	for _, r := range table(t, "graphql-types.tsv", "kind type field field_type args since note") {
		out = append(out, newFact(t, r.at, r.cells))
	}
	for _, r := range table(t, "graphql-operations.tsv", "kind name args return_type since note") {
		c := r.cells
		owner := map[string]string{"QUERY": "Query", "MUTATION": "Mutation"}[c[0]]
		require.NotEmpty(t, owner, r.at)
		out = append(out, newFact(t, r.at, []string{c[0], owner, c[1], c[3], c[2], c[4], c[5]}))
	}
	seen := map[string]string{}
	for _, f := range out {
		require.Empty(t, seen[f.id()], "%s: %s has a row already", f.at, f.id())
		seen[f.id()] = f.at
	}
	return out
}

func newFact(t *testing.T, at string, c []string) fact {
	t.Helper()
	f := fact{at: at, kind: c[0], owner: c[1], name: c[2], typ: c[3], args: map[string]string{}, newer: c[5] == "newer", note: map[string]string{}}
	require.Contains(t, []string{"base", "newer"}, c[5], at)
	if c[4] != "" {
		for _, a := range strings.Split(c[4], ", ") {
			name, typ, ok := strings.Cut(a, ":")
			require.True(t, ok, "%s: argument %q", at, a)
			f.args[name] = typ
		}
	}
	if c[6] != "" {
		for _, word := range strings.Split(c[6], ";") {
			name, value, _ := strings.Cut(word, "=")
			f.note[name] = value
		}
	}
	return f
}

type tableRow struct {
	at    string
	cells []string // "-" is empty
}

// table reads a file of tab-separated columns with the given heading; lines that begin with # are comments.
func table(t *testing.T, name, heading string) []tableRow {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	columns := strings.Fields(heading)
	var out []tableRow
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		cells := strings.Split(line, "\t")
		at := fmt.Sprintf("%s:%d", name, i+1)
		switch {
		case strings.HasPrefix(line, "#"):
			continue
		case out == nil:
			require.Equal(t, columns, cells, at)
			out = []tableRow{}
			continue
		}
		require.Len(t, cells, len(columns), at)
		for n := range cells {
			if cells[n] == "-" {
				cells[n] = ""
			}
		}
		out = append(out, tableRow{at: at, cells: cells})
	}
	return out
}
