package graphql_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
)

// costs are documents with what they cost: each connection the product of the page sizes above it.
var costs = []struct {
	name, query string
	cost        int
}{
	{"a search", `{ orders(first: 5000) { edges { node { id ref attributes { name value } } } } }`, 1},
	{"two searches", `{ a: orders { edges { node { id } } } b: networks { edges { node { id } } } }`, 2},
	{"one entity, with links to one", `{ orderById(id: 1) { id customer { ref firstName } fulfilmentChoice { deliveryAddress { name } } } }`, 1},
	{"a connection without a size", `{ orders { edges { node { items(first: 5000) { edges { node { ref } } } } } } }`, 1 + 10},
	{"the last ones", `{ orders(last: 30) { edges { node { items { pageInfo { hasNextPage } } } } } }`, 1 + 30},
	{"links pass the sizes on", `{ orders(first: 20) { edges { node { customer { retailer { networks { edges { node { id } } } } } } } } }`, 1 + 20},
	{"three levels", `{ orders(first: 20) { edges { node { fulfilments(first: 7) { edges { node { items { edges { node { orderItem { product { ref } } } } } } } } } } } }`, 1 + 20 + 140},
	{"what a flag leaves out", `query($no: Boolean = false) { orders(first: 9) { edges { node { items @include(if: $no) { edges { node { id } } } } } } }`, 1},
	{"the dearest type of an interface", `{ products(first: 9) { edges { node { ... on StandardProduct { categories { edges { node { id } } } } ref } } } }`, 1 + 9},
	{"an order as clients read it", `{ orderById(id: 1) { items(first: 100) { edges { node { ref product { ref name } } } }
		fulfilments(first: 50) { edges { node { items(first: 100) { edges { node { orderItem { ref product { ref name } } } } } } } } } }`, 1 + 1 + 1 + 50},
}

// TestComplexity: each document passes at just its cost, and not at one less.
func TestComplexity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range costs {
		w.limits.Complexity = c.cost
		require.Empty(t, messages(w.run(w.admin, c.query, "")), c.name)
		w.limits.Complexity = c.cost - 1
		res := w.run(w.admin, c.query, "")
		require.Len(t, res.Errors, 1, c.name)
		require.Nil(t, res.Data, c.name)
		require.Equal(t, "C0001E", res.Errors[0].Extensions.Code)
		require.Equal(t, facts("complexity", c.cost-1), res.Errors[0].Extensions.Meta)
	}
	w.limits = limit.Standard
	require.Equal(t, "C0001E", w.failure(`{ orders(first: 5000) { edges { node { fulfilments(first: 100) { edges { node { items { edges { node { id } } } } } } } } } }`, "").Extensions.Code)
	require.Equal(t, "C0001E", w.failure(`mutation { createNetwork(input: {name: "N", retailers: {id: 1}}) { retailers(first: 5000) { edges { node { networks(first: 5000) { edges { node { locations { edges { node { id } } } } } } } } } } }`, "").Extensions.Code)
	require.Empty(t, at(w.data(`{ networks { edges { node { id } } } }`, ""), "networks.edges"), "nothing was changed")
}

func facts(name string, figure int) map[string]string {
	return map[string]string{"limit": name, "scope": "ACCOUNT", "figure": fmt.Sprint(figure)}
}

// TestDepthAndPage are limits of an account, each of which says what it is.
func TestDepthAndPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deep := strings.Repeat("networks(first: 1) { edges { node { retailers(first: 1) { edges { node { ", 8) + "id" + strings.Repeat(" }", 48)
	e := w.failure("{ retailers(first: 1) { edges { node { "+deep+" } } } }", "")
	require.Equal(t, []any{"C0001E", facts("depth", 25)}, []any{e.Extensions.Code, e.Extensions.Meta})

	w.limits.Depth, w.limits.Page = 5, 20
	e = w.failure(`{ networks { edges { node { retailers { edges { node { networks { edges { node { id } } } } } } } } } }`, "")
	require.Equal(t, facts("depth", 5), e.Extensions.Meta)
	for _, query := range []string{
		`{ networks(first: 21) { edges { node { id } } } }`, `{ networks(last: 21) { edges { node { id } } } }`, `{ permissions(first: 21) { edges { node { name } } } }`,
		`{ searchVirtualInventory(virtualCatalogue: {ref: "VC"}, productQuantities: [], first: 21) { edges { cursor } } }`,
	} {
		e := w.failure(query, "")
		require.Equal(t, []any{"C0122E", facts("page", 20)}, []any{e.Extensions.Code, e.Extensions.Meta}, query)
	}
	w.data(`{ a: networks(first: 20) { edges { node { id } } } b: networks(last: 20) { edges { node { id } } } c: permissions(first: 20) { edges { node { name } } } }`, "")
}

// TestRowsReadAreBounded: of all statements of a request together, whatever its pages allow.
func TestRowsReadAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	for i := range 4 {
		w.data(createOrder, orderInput(fmt.Sprintf("O-%d", i), customer)) // two items each
	}
	const query = `{ orders { edges { node { ref items { edges { node { ref } } } } } } }`
	w.limits.RowsRead = 4 + 8
	w.data(query, "")
	w.limits.RowsRead = 4 + 7
	res := w.run(w.admin, query, "")
	require.Equal(t, []any{"C0001E", facts("rows-read", 11)}, []any{res.Errors[0].Extensions.Code, res.Errors[0].Extensions.Meta})
	require.NotContains(t, string(res.Data), `"items":{`, "nothing of what was broken off is shown")
	w.limits.RowsRead = 2 * (4 + 8)
	w.data(`{ a: orders { edges { node { items { edges { node { ref } } } } } } b: orders { edges { node { items { edges { node { ref } } } } } } }`, "")
	w.limits.RowsRead--
	require.NotEmpty(t, w.run(w.admin, `{ a: orders { edges { node { items { edges { node { ref } } } } } } b: orders { edges { node { items { edges { node { ref } } } } } } }`, "").Errors)
}

// TestPlansAreSharedByCallersAndFlags: the same text, with other flags, other arguments, and of a caller who may see less.
func TestPlansAreSharedByCallersAndFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(createOrder, orderInput("O-1", w.shop("P1", "P2")))
	const query = `query($items: Boolean!, $n: Int, $ref: [String]) { orders(ref: $ref) { edges { node { ref items(first: $n) @include(if: $items) { edges { node { ref } } } retailer { ref } } } } }`
	blind := principal("ACME", "9", tenant.Grant{Role: "R", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	for range 4 { // of which the last ones run a plan that was kept
		require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"O-1","retailer":{"ref":"MAIN"}}}]}}`, w.raw(query, `{"items":false}`))
		require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"O-1","items":{"edges":[{"node":{"ref":"1"}}]},"retailer":{"ref":"MAIN"}}}]}}`, w.raw(query, `{"items":true,"n":1,"ref":["O-1"]}`))
		require.JSONEq(t, `{"orders":{"edges":[]}}`, w.raw(query, `{"items":true,"n":1,"ref":"no"}`))
		require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"O-1","items":{"edges":[{"node":{"ref":"1"}},{"node":{"ref":"2"}}]},"retailer":{"ref":"MAIN"}}}]}}`, w.raw(query, `{"items":true}`))
		res := w.run(blind, query, `{"items":true}`)
		require.Equal(t, []string{"C0020E", "C0020E"}, codes(res), "%s", res.Data)
		require.Contains(t, string(res.Data), `"items":null,"retailer":null`)
	}
	var together sync.WaitGroup
	for i := range 16 { // requests leave nothing in the plan that they share
		together.Go(func() {
			want := `{"orders":{"edges":[{"node":{"ref":"O-1","items":{"edges":[{"node":{"ref":"1"}}]},"retailer":{"ref":"MAIN"}}}]}}`
			vars := `{"items":true,"n":1}`
			if i%2 == 0 {
				want, vars = `{"orders":{"edges":[]}}`, `{"items":true,"ref":"no"}`
			}
			for range 5 {
				assert.JSONEq(t, want, string(w.run(w.admin, query, vars).Data))
			}
		})
	}
	together.Wait()
}

func codes(res answer.Response) []string {
	var out []string
	for _, e := range res.Errors {
		out = append(out, e.Extensions.Code)
	}
	return out
}

// TestWhoSendsTooMuchReadsItAsAnAnswer: the official client reads errors of answers with status 200 only.
func TestWhoSendsTooMuchReadsItAsAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []fault.Kind{fault.Unavailable, fault.Limited} {
		w.admit = limit.Rate.Reached(kind, 50, "too many").WithCode(fault.CodeLimited).With("retryAfter", "7")
		request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("not looked at"))
		got := httptest.NewRecorder()
		w.exec.Handler().ServeHTTP(got, request.WithContext(tenant.NewContext(request.Context(), w.admin)))
		require.Equal(t, []any{http.StatusOK, "7"}, []any{got.Code, got.Header().Get("Retry-After")})
		require.JSONEq(t, `{"errors":[{"message":"too many","extensions":{"code":"C0011E","meta":{"limit":"requests-per-second","scope":"ACCOUNT","figure":"50","retryAfter":"7"}}}]}`, got.Body.String())
	}
}

// TestWhoKeepsTooManyRowsCreatesNone, and changes what there is.
func TestWhoKeepsTooManyRowsCreatesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := at(w.data(`mutation { createNetwork(input: {name: "A", retailers: {id: 1}}) { id } }`, ""), "createNetwork.id").(string)
	w.room = limit.StoredRows.Reached(fault.Limited, 1000, "full").WithCode(fault.CodeLimited)
	e := w.failure(`mutation { createNetwork(input: {name: "B", retailers: {id: 1}}) { id } }`, "")
	require.Equal(t, []any{"C0011E", facts("stored-rows", 1000)}, []any{e.Extensions.Code, e.Extensions.Meta})
	w.data(`mutation { updateNetwork(input: {id: `+id+`, status: "ACTIVE"}) { id } }`, "")
	require.Len(t, at(w.data(`{ networks { edges { node { id } } } }`, ""), "networks.edges"), 1)
}
