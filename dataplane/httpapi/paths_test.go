package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
)

// TestOnlyTokenRequestsAreLeftOutOfLimitsOnFailures: what merely ends like one fails as often as it likes otherwise, with a line for each.
func TestOnlyTokenRequestsAreLeftOutOfLimitsOnFailures(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"POST /oauth/token": true, "POST /retailer/7/oauth/token": true, "POST /oauth/token?grant_type=password": true,
		"GET /oauth/token": false, "POST /api/x/oauth/token": false, "POST /x/oauth/token": false, "POST /oauth/password": false, "POST /retailer/7/x/oauth/token": false,
	} {
		method, path, _ := strings.Cut(target, " ")
		require.Equal(t, want, httpapi.SignsIn(httptest.NewRequest(method, path, http.NoBody)), target)
	}
}
