package e2e_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/demo"
)

// TestInterruptedDemoLoadIsFinished: a load of the demo data that ends in the middle is finished by the next, which makes nothing twice,
// and a third finds nothing to do.
func TestInterruptedDemoLoadIsFinished(t *testing.T) {
	s := shared(t)
	again := administrator(t, s.stack).account(t, "DEMOTWO", "DEMO")
	load := func(ctx context.Context, after func(step string)) (map[string]int, error) {
		made := map[string]int{}
		script := demo.Script{Client: again.client, RetailerID: again.retailer, Log: slog.New(slog.DiscardHandler), Step: func(step string, n int, _ time.Duration) {
			made[step] = n
			after(step)
		}}
		return made, script.Load(ctx)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	_, err := load(ctx, func(step string) {
		if step == "categories" { // the products are next
			go func() {
				defer interrupt()
				assert.Eventually(t, func() bool {
					var some struct{ StandardProducts list[struct{ Ref string }] }
					err := again.client.GraphQL(ctx, `{ standardProducts(first: 1) { edges { node { ref } } } }`, nil, &some)
					return err == nil && len(some.StandardProducts.Edges) > 0
				}, time.Minute, time.Millisecond)
			}()
		}
	})
	require.ErrorIs(t, err, context.Canceled)

	made, err := load(context.Background(), func(string) {})
	require.NoError(t, err)
	require.Zero(t, made["locations"])
	require.Zero(t, made["categories"])
	require.Less(t, made["products"], 1200)
	require.Equal(t, demo.Orders, made["orders"])
	found := ask[struct{ Standard, Variants, Locations list[struct{ Ref string }] }](t, again.client, `{ standard: standardProducts(first: 1000) { edges { node { ref } } }
		variants: variantProducts(first: 1000) { edges { node { ref } } } locations(first: 1000) { edges { node { ref } } } }`, nil)
	require.Len(t, found.Standard.Edges, 400)
	require.Len(t, found.Variants.Edges, 800)
	require.Len(t, found.Locations.Edges, 45, "and the one of rejected items")

	made, err = load(context.Background(), func(string) {})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"locations": 0, "categories": 0, "products": 0, "stock records": 0, "orders": 0}, made)
	s.balanced(t, again.account)
}

// TestADemoLoadBearsWhatAnInterruptedOneLeftUnderWay has the first product of the demo come to be after the script has looked which ones there are,
// as one does that an interrupted run had sent.
func TestADemoLoadBearsWhatAnInterruptedOneLeftUnderWay(t *testing.T) {
	s := shared(t)
	late := administrator(t, s.stack).account(t, "DEMOLATE", "DEMO")
	gateway, err := url.Parse(s.stack.Ready.Gateway)
	require.NoError(t, err)
	onward := httputil.NewSingleHostReverseProxy(gateway)
	made := false
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		onward.ServeHTTP(answer, r)
		if !made && bytes.Contains(body, []byte("page: standardProducts(")) {
			made = true
			assert.NoError(t, late.client.GraphQL(t.Context(), `mutation { createStandardProduct(input: {ref: "TOPS-01", type: "STANDARD", name: "Late", gtin: "2000000000008",
				catalogue: {ref: "PC:MASTER:`+late.retailer+`"}}) { ref } }`, nil, nil))
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // whoever asked has gone otherwise
	}))
	t.Cleanup(between.Close)
	ctx, enough := context.WithCancel(t.Context())
	script := demo.Script{
		Client: apiclient.New(between.URL, late.credentials), RetailerID: late.retailer, Log: slog.New(slog.DiscardHandler),
		Step: func(step string, _ int, _ time.Duration) {
			if step == "products" {
				enough()
			}
		},
	}
	require.ErrorIs(t, script.Load(ctx), context.Canceled)
	require.True(t, made)
	found := ask[struct{ Standard, Variants list[struct{ Ref string }] }](t, late.client, `{ standard: standardProducts(first: 1000) { edges { node { ref } } }
		variants: variantProducts(first: 1000) { edges { node { ref } } } }`, nil)
	require.Len(t, found.Standard.Edges, 400)
	require.Len(t, found.Variants.Edges, 800)
}
