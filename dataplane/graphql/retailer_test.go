package graphql_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/tenancy"
)

// numbers stands for the control plane, which numbers and prepares retailers.
type numbers struct {
	db    *store.DB
	fails error
	asked int
}

func (n *numbers) Create(ctx context.Context, account tenancy.AccountID, ref, tradingName string) (catalogue.ID, error) {
	n.asked++
	if n.fails != nil {
		return "", n.fails
	}
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return "", err
	}
	return "42", n.db.Write(ctx, scope, func(tx *store.Tx) error {
		tx.Insert(&foundation.Retailer{Node: catalogue.Node{ID: "42", CreatedOn: tx.Now(), UpdatedOn: tx.Now()}, Ref: ref, TradingName: tradingName, Status: "ACTIVE"})
		return nil
	})
}

func TestRetailersAreNumberedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation { createRetailer(input: {name: "SECOND", tradingName: "Second", urlName: "second", networks: {ref: "N", type: "HD"}}) { id ref tradingName websiteUrlName networks { edges { node { ref } } } } }`
	require.Equal(t, "S0001E", w.failure(create, "").Extensions.Code, "without a control plane")
	cp := &numbers{db: w.db, fails: fault.New(fault.Unavailable, "The control plane does not answer")}
	var err error
	w.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: w.db, Workflows: versions{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), plain{})), Engine: w.nudges, Retailers: cp})
	require.NoError(t, err)
	require.Equal(t, "S0002E", w.failure(create, "").Extensions.Code)
	require.Equal(t, `{"retailers":{"edges":[]}}`, w.raw(`{ retailers(ref: ["SECOND"]) { edges { node { id } } } }`, ""), "nothing was made")
	cp.fails = fault.New(fault.Exists, "There is a retailer already")
	require.Equal(t, "C0123E", w.failure(create, "").Extensions.Code, "one that is being made has no row yet")
	cp.fails = fault.New(fault.Invalid, "no such refs")
	require.Equal(t, "input.name", w.failure(create, "").Extensions.Field)

	cp.fails, cp.asked = nil, 0
	require.Equal(t, `{"createRetailer":{"id":"42","ref":"SECOND","tradingName":"Second","websiteUrlName":"second","networks":{"edges":[{"node":{"ref":"N"}}]}}}`, w.raw(create, ""))
	require.Equal(t, `{"retailerById":{"status":"ACTIVE","tradingName":"Second"}}`, w.raw(`{ retailerById(id: 42) { status tradingName } }`, ""), "what was prepared stays")
	require.Equal(t, `{"updateRetailer":{"summary":"s"}}`, w.raw(`mutation { updateRetailer(input: {id: 42, summary: "s", region: "west"}) { summary } }`, ""))

	taken := w.failure(create, "").Extensions
	require.Equal(t, []string{"C0123E", "input.name"}, []string{taken.Code, taken.Field})
	taken = w.failure(`mutation { createRetailer(input: {name: "THIRD", networks: [{ref: "N"}]}) { id } }`, "").Extensions
	require.Equal(t, []string{"C0123E", "input.networks[0].ref"}, []string{taken.Code, taken.Field})
	require.Equal(t, "C0141E", w.failure(`mutation { createRetailer(input: {name: "`+strings.Repeat("x", 46)+`"}) { id } }`, "").Extensions.Code)
	require.Equal(t, 1, cp.asked, "what the node can refuse itself never reaches the control plane")
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
