package query

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// large is a document as implementers send it: an order with all that hangs on it.
const large = `query GetOrder($id: ID!, $first: Int, $after: String, $withItems: Boolean!, $withCustomer: Boolean!, $withFulfilments: Boolean!) { orderById(id: $id) {
	id ref type status createdOn updatedOn totalPrice totalTaxPrice attributes { name type value }
	customer @include(if: $withCustomer) { id ref title firstName lastName primaryEmail primaryPhone username country }
	fulfilmentChoice { id createdOn currency deliveryInstruction deliveryType fulfilmentPrice fulfilmentTaxPrice fulfilmentType pickupLocationRef
		deliveryAddress { id name companyName street city state postcode region country latitude longitude ref timeZone type } }
	items(first: $first, after: $after) @include(if: $withItems) { itemEdges: edges { itemNode: node { id ref quantity price paidPrice currency taxPrice taxType totalPrice totalTaxPrice attributes { name type value }
		product { ... on StandardProduct { id ref name gtin type status } ... on VariantProduct { id ref name gtin type status attributes { name value type } } } } cursor } pageInfo { hasNextPage } }
	fulfilments(first: $first, after: $after) @include(if: $withFulfilments) { fEdges: edges { fNode: node { id ref status type deliveryType eta createdOn
		items(first: $first) { edges { node { id ref status requestedQuantity filledQuantity rejectedQuantity } cursor } pageInfo { hasNextPage } }
		articles(first: $first) { edges { node { id ref status quantity } cursor } pageInfo { hasNextPage } } } cursor } pageInfo { hasNextPage } } } }`

// known is a document that has been sent before, and what becomes of it until its first statement is sent.
func known(t testing.TB) (bind func()) {
	t.Helper()
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.Text(domain.Catalogue())})
	require.NoError(t, err)
	cache, err := document.NewCache(parsed)
	require.NoError(t, err)
	resolved, err := keys.NewKnown()
	require.NoError(t, err)
	r, err := New(Runner{Catalogue: domain.Catalogue(), Known: resolved, Operations: modules.Operations(), Reader: func(tenancy.Scope) Reader { return nil }})
	require.NoError(t, err)
	who := tenant.New(tenant.Identity{Account: "ACME"}, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	vars := map[string]any{"id": "1", "withItems": true, "withCustomer": true, "withFulfilments": true}
	bind = func() {
		doc, errs := cache.Load(large)
		require.Empty(t, errs)
		op, errs := document.Prepare(parsed, doc, document.Request{Query: large, Variables: vars})
		require.Empty(t, errs)
		p := r.plan(op, parsed.Query, r.compileRoot)
		q := r.start(op, p, Caller{Viewer: who, Limits: limit.Standard}, r.Reader)
		require.NoError(t, q.root(p.roots[0]))
		require.Equal(t, 1+1+1+10+10, q.cost)
	}
	for range 3 {
		bind()
	}
	return bind
}

// TestAKnownDocumentIsNotPlannedAgain: what is allocated is for its variables, arguments and rows.
func TestAKnownDocumentIsNotPlannedAgain(t *testing.T) {
	bind := known(t)
	require.Less(t, testing.AllocsPerRun(100, bind), 60.0)
}

// BenchmarkKnownDocument goes from the text of a known document to its plan, variables coerced: 50 µs at most on a quiet machine.
func BenchmarkKnownDocument(b *testing.B) {
	bind := known(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		bind()
	}
}
