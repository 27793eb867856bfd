package tenancy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/tenancy"
)

// TestClientIDsAreOneAccountsOnly: however accounts are named, an id is of one of them.
func TestClientIDsAreOneAccountsOnly(t *testing.T) {
	t.Parallel()
	for id, account := range map[string]tenancy.AccountID{
		"ACME": "ACME", "ACME-erp": "ACME", "ACME-ERP": "ACME-ERP", "ACME-ERP-one": "ACME-ERP", "A--x": "A-", "ACME-a-b": "ACME", "ACME-a-B": "ACME",
		"": "", "erp": "erp", "ACMEx": "ACMEx", // no account has such a name
	} {
		require.Equal(t, account, tenancy.AccountOfClient(id), id)
	}
}
