package schema_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/domain"
)

var update = flag.Bool("update", false, "write testdata/schema.graphql anew")

const golden = "testdata/schema.graphql"

func load(t *testing.T) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "fluent", Input: schema.Text(domain.Catalogue())})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSchemaIsTheOneOfTheLastReview(t *testing.T) {
	t.Parallel()
	text := schema.Text(domain.Catalogue())
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "if the change is meant: go test ./dataplane/graphql/schema -update")
}

func TestTheSchemaIsPrintedTheSameEachTime(t *testing.T) {
	t.Parallel()
	require.Equal(t, schema.Text(domain.Catalogue()), schema.Text(domain.Catalogue()))
}

func TestEveryConnectionTakesTheArgumentsOfItsSearch(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, typ := range domain.Catalogue().Types() {
		if typ.Plural == "" {
			continue
		}
		search := s.Query.Fields.ForName(typ.Plural)
		require.NotNil(t, search, typ.Plural)
		for _, owner := range domain.Catalogue().Types() {
			for _, e := range owner.Edges {
				if e.Target == typ && !e.Plain && !e.Pages {
					require.Len(t, s.Types[owner.Name].Fields.ForName(e.Name).Arguments, len(search.Arguments), owner.Name+"."+e.Name)
				}
			}
		}
	}
}
