package e2e_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestQuotasTakeEffect sets quotas on the command line, and reaches them through the gateway.
func TestQuotasTakeEffect(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	shop := operator.account(t, "QUOTAS", "QUOTAS-AU")
	const dear = `{ retailers(first: 200) { edges { node { networks(first: 1) { edges { node { id } } } } } } }` // 201
	require.NoError(t, shop.client.GraphQL(context.Background(), dear, nil, nil))
	_, err := operator.try("", "account", "update", "QUOTAS", "--quota", "orders=7")
	require.ErrorContains(t, err, "requests-per-second", "it says which there are")

	require.Regexp(t, `(?m)^requests-per-second +1000 +shared`, operator.run(t, "", "account", "limits", "QUOTAS"))
	operator.run(t, "", "account", "update", "QUOTAS", "--quota", "complexity=200")
	var refused *apiclient.GraphQLError
	require.Eventually(t, func() bool {
		err := shop.client.GraphQL(context.Background(), dear, nil, nil)
		if err != nil {
			require.ErrorAs(t, err, &refused)
		}
		return err != nil
	}, 30*time.Second, 50*time.Millisecond)
	require.Equal(t, "C0001E", refused.Errors[0].Extensions["code"])
	require.Equal(t, map[string]any{"limit": "complexity", "scope": "ACCOUNT", "figure": "200"}, refused.Errors[0].Extensions["meta"])

	operator.run(t, "", "account", "update", "QUOTAS", "--quota", "requests-per-second=2")
	require.Eventually(t, func() bool { return shop.client.GraphQL(context.Background(), dear, nil, nil) == nil }, 30*time.Second, 600*time.Millisecond,
		"the other quota is gone, and one request after another passes")
	statuses := map[int]int{}
	var mu sync.Mutex
	var burst errgroup.Group
	for range 30 {
		burst.Go(func() error {
			err := shop.client.Do(context.Background(), http.MethodGet, "/api/v4.1/event?count=1", nil, nil)
			status := http.StatusOK
			if err != nil {
				status = refusal(t, err).Status
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			return nil
		})
	}
	require.NoError(t, burst.Wait())
	require.Positive(t, statuses[http.StatusOK], "%v", statuses)
	require.Positive(t, statuses[http.StatusServiceUnavailable], "%v", statuses)
	require.Equal(t, 30, statuses[http.StatusOK]+statuses[http.StatusServiceUnavailable], "%v", statuses)
}

// TestTheExplorerIsThereForEverybody, through the gateway, with no token.
func TestTheExplorerIsThereForEverybody(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	shop := operator.account(t, "EXPLORES", "EXPLORES-AU")
	for _, path := range []string{"/explorer/", "/explorer/graphiql.js"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, shop.gateway+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), path)
	}
}
