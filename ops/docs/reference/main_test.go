package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
)

func TestThePagesAreThoseOfTheDeclarations(t *testing.T) {
	t.Parallel()
	now, err := pages()
	require.NoError(t, err)
	folder := filepath.Join("..", "..", "..", "docs", "reference")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		kept, err := os.ReadFile(filepath.Join(folder, e.Name()))
		require.NoError(t, err)
		require.Equal(t, now[e.Name()], string(kept), "%s: run go generate ./ops/docs/reference and commit the result", e.Name())
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(now)), names)
}

// TestErrorsOfDocumentsAreListedToo: callers of GraphQL meet those first.
func TestErrorsOfDocumentsAreListedToo(t *testing.T) {
	t.Parallel()
	codes, err := errorCodes()
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, c := range codes {
		require.NotEmpty(t, c.means, c.code)
		listed[c.code] = true
	}
	for _, code := range []string{document.CodeParse, document.CodeValidate, document.CodeInput, fault.CodeNotFound} {
		require.True(t, listed[code], code)
	}
}

// TestEverythingOfTheSchemaHasAnEntry, and but one.
func TestEverythingOfTheSchemaHasAnEntry(t *testing.T) {
	t.Parallel()
	all, err := pages()
	require.NoError(t, err)
	text := strings.Join(slices.Collect(maps.Values(all)), "\n")
	s, err := gqlparser.LoadSchema(&ast.Source{Input: schema.Text(domain.Catalogue())})
	require.NoError(t, err)
	n := 0
	for name := range s.Types {
		if wrapping(s, name) || name == "Query" || name == "Mutation" {
			continue
		}
		n++
		require.Equal(t, 1, strings.Count(text, "\n## "+name+"\n"), name)
	}
	require.Greater(t, n, 300)
	for _, object := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range object.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				require.Equal(t, 1, strings.Count(text, "\n* `"+f.Name+"(")+strings.Count(text, "\n* `"+f.Name+":"), f.Name)
			}
		}
	}
	for name, page := range all {
		require.Less(t, strings.Count(page, "\n"), 2500, name)
	}
}
