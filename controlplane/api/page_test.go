package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// The test is inside the package, for tokens are made nowhere else.

func TestPageTokensAreOfOneList(t *testing.T) {
	t.Parallel()
	token := pageToken(&cpv1.ListAccountsRequest{}, "ACME")
	p, err := page(&cpv1.ListAccountsRequest{PageToken: token}, "")
	require.NoError(t, err)
	require.Equal(t, "ACME", p.After)
	require.Empty(t, pageToken(&cpv1.ListAccountsRequest{}, ""))
	for _, wrong := range []string{"garbage", "!", "QUNNRQ", token + "AAAA", token[:4], token[:3] + "\n" + token[3:]} {
		_, err := page(&cpv1.ListAccountsRequest{PageToken: wrong}, "")
		require.True(t, fault.Is(err, fault.Invalid), wrong)
	}
	_, err = page(&cpv1.ListRegionsRequest{PageToken: token}, "")
	require.Equal(t, "page_token", fault.Of(err).Field)
}
