package contract

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
)

// served is one thing that introspection shows: a type, or a field or value of one.
type served struct {
	kind       string // as in a fact; of a field: that of its owner
	typ        string
	args       map[string]string
	interfaces []string // that a type implements
	possible   []string // types of an interface
	deprecated bool
}

// introspection is the query that tools send, with what the contract knows of.
const introspection = `{ __schema { queryType { name } mutationType { name } types {
  kind name interfaces { name } possibleTypes { name }
  fields(includeDeprecated: true) { name isDeprecated type { ...T } args { name type { ...T } } }
  inputFields { name type { ...T } }
  enumValues(includeDeprecated: true) { name isDeprecated }
} } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }`

type named struct{ Name string }

type shownType struct {
	Kind   string
	Name   string
	OfType *shownType
}

// text is the type as schemas write it: [String!]!.
func (s *shownType) text() string {
	switch s.Kind {
	case "NON_NULL":
		return s.OfType.text() + "!"
	case "LIST":
		return "[" + s.OfType.text() + "]"
	}
	return s.Name
}

type shownField struct {
	Name         string
	IsDeprecated bool
	Type         *shownType
	Args         []shownField
}

type shownDefinition struct {
	Kind, Name                      string
	Interfaces, PossibleTypes       []named
	Fields, InputFields, EnumValues []shownField
}

// serve asks the real interface what it serves. Keys are like those of facts.
func serve(t *testing.T) map[string]served {
	t.Helper()
	executor, err := graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), nil))})
	require.NoError(t, err)
	req := document.Request{Query: introspection}
	res := executor.Execute(context.Background(), tenant.New(tenant.Identity{Account: "ACME", UserID: "1"}), req)
	require.Empty(t, res.Errors)
	var got struct {
		Schema struct {
			QueryType, MutationType named
			Types                   []shownDefinition
		} `json:"__schema"`
	}
	require.NoError(t, json.Unmarshal(res.Data, &got))
	require.Equal(t, named{"Query"}, got.Schema.QueryType)
	require.Equal(t, named{"Mutation"}, got.Schema.MutationType)
	out := map[string]served{}
	for _, d := range got.Schema.Types {
		d.into(out)
	}
	return out
}

// into adds a definition and what is in it.
func (d shownDefinition) into(out map[string]served) {
	kind := d.Kind
	switch {
	case len(d.Name) > 2 && d.Name[:2] == "__":
		return // what GraphQL itself defines
	case kind == "INPUT_OBJECT":
		kind = "INPUT"
	case d.Name == "Query":
		kind = "QUERY"
	case d.Name == "Mutation":
		kind = "MUTATION"
	}
	if kind != "QUERY" && kind != "MUTATION" { // the contract has rows for what is in them only
		out[d.Name] = served{kind: kind, interfaces: names(d.Interfaces), possible: names(d.PossibleTypes)}
	}
	for _, fields := range [][]shownField{d.Fields, d.InputFields, d.EnumValues} {
		for _, f := range fields {
			s := served{kind: kind, args: map[string]string{}, deprecated: f.IsDeprecated}
			if f.Type != nil {
				s.typ = f.Type.text()
			}
			for _, a := range f.Args {
				s.args[a.Name] = a.Type.text()
			}
			out[d.Name+"."+f.Name] = s
		}
	}
}

func names(list []named) []string {
	var out []string
	for _, n := range list {
		out = append(out, n.Name)
	}
	return out
}
