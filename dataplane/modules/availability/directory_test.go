package availability_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestPlacesOfQuietAccountsAreForgotten: what is in memory follows the accounts that are in use, not all that ever were.
func TestPlacesOfQuietAccountsAreForgotten(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	d := availability.NewDirectory(db, time.Millisecond)
	ask := func(account tenancy.AccountID) {
		t.Helper()
		scope, err := tenancy.NewScope(account)
		require.NoError(t, err)
		places, err := d.Places(t.Context(), scope)
		require.NoError(t, err)
		require.NotNil(t, places)
	}
	for n := range 20 {
		ask(tenancy.AccountID(fmt.Sprint("ACCOUNT", n)))
	}
	require.Positive(t, d.Known())
	require.Eventually(t, func() bool {
		ask("BUSY")
		return d.Known() == 1
	}, time.Minute, 5*time.Millisecond)
	ask("ACCOUNT7") // it comes back when it is wanted
}
