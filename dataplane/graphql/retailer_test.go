package graphql_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// numbers stands for the control plane, which numbers retailers.
type numbers struct{}

func (numbers) Create(context.Context, tenancy.AccountID, string) (catalogue.ID, error) {
	return "42", nil
}

func TestRetailersAreNumberedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation { createRetailer(input: {name: "SECOND", tradingName: "Second", urlName: "second", networks: {ref: "N", type: "HD"}}) { id ref tradingName websiteUrlName networks { edges { node { ref } } } } }`
	require.Equal(t, "S0001E", w.failure(create, "").Extensions.Code, "without a control plane")
	var err error
	w.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), DB: w.db, Workflows: versions{}, Passwords: plain{}, Engine: w.nudges, Retailers: numbers{}})
	require.NoError(t, err)
	require.Equal(t, `{"createRetailer":{"id":"42","ref":"SECOND","tradingName":"Second","websiteUrlName":"second","networks":{"edges":[{"node":{"ref":"N"}}]}}}`, w.raw(create, ""))
	require.Equal(t, `{"updateRetailer":{"summary":"s"}}`, w.raw(`mutation { updateRetailer(input: {id: 42, summary: "s", region: "west"}) { summary } }`, ""))
}

func TestPermissionsAreAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const page = `query($a: String, $f: Int) { permissions(first: $f, after: $a) { edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage } } }`
	seen := map[string]bool{}
	after := "null"
	for {
		got := w.data(page, `{"f":40,"a":`+after+`}`)
		edges := at(got, "permissions.edges").([]any)
		for _, e := range edges {
			seen[at(e, "node.name").(string)] = true
		}
		if at(got, "permissions.pageInfo.hasNextPage") == false {
			break
		}
		after = quote(at(edges[len(edges)-1], "cursor").(string))
	}
	require.Len(t, seen, len(domain.Catalogue().Permissions()))
	require.Equal(t, `{"permissions":{"edges":[{"node":{"name":"ORDER_VIEW"}}]}}`, w.raw(`{ permissions(name: ["ORDER_VIEW", "x"]) { edges { node { name } } } }`, ""))
}
