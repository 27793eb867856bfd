package artefacts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestContentsAreKeptOnceAndByAccount: what a transaction keeps together has the names that it would have one by one, what is there already stays
// as it was, and a name of one account is none of another's.
func TestContentsAreKeptOnceAndByAccount(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	kept := artefacts.Of(s.DB)
	first, err := kept.Put(t.Context(), s.Scope, []byte("first"))
	require.NoError(t, err)
	s.SQL("UPDATE artefacts SET created_on = now() - INTERVAL '1 day'")
	var names []string
	s.Locked(func(tx *store.Tx) { names = artefacts.PutAll(tx, []byte("second"), []byte("first")) })
	require.Len(t, names, 2)
	require.Equal(t, first, names[1])
	for i, want := range []string{"second", "first"} {
		content, err := kept.Get(t.Context(), s.Scope, names[i])
		require.NoError(t, err)
		require.Equal(t, want, string(content))
		_, err = kept.Get(t.Context(), storetest.ScopeOf(t, "OTHER"), names[i])
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	}
	require.Equal(t, []string{"ACME first", "ACME second"}, s.Texts("SELECT account_id || ' ' || convert_from(body, 'UTF8') FROM artefacts ORDER BY created_on"))
	require.Equal(t, []string{"1"}, s.Texts("SELECT count(*)::text FROM artefacts WHERE created_on < now() - INTERVAL '1 hour'"))
	_, err = kept.Put(t.Context(), tenancy.Scope{}, []byte("nobody's"))
	require.ErrorContains(t, err, "a scope without an account reaches nothing")
}
