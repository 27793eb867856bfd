package outbox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestADeliveryIsOneSendersAtATime and comes again when it is due.
func TestADeliveryIsOneSendersAtATime(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	s.EachAccount(func(tx *store.Tx) {
		for i := range 3 {
			outbox.Add(tx, outbox.Delivery{ID: fmt.Sprintf("00000000-0000-8000-8000-00000000000%d", i), Name: fmt.Sprint(i), Endpoint: "e", Event: workflow.Event{Name: "X"}})
		}
	})
	claim := func(hold time.Duration, perAccount int) []outbox.Delivery {
		found, err := outbox.Claim(t.Context(), s.DB, hold, perAccount)
		require.NoError(t, err)
		return found
	}
	require.Len(t, claim(time.Hour, 2), 4, "so many of each account")
	last := claim(time.Hour, 2)
	require.Len(t, last, 2, "what another one has is not due")
	require.Equal(t, "X", last[0].Event.Name)
	require.Empty(t, claim(time.Hour, 9))
	mine := last[slices.IndexFunc(last, func(d outbox.Delivery) bool { return d.Account == "ACME" })]
	require.NoError(t, outbox.Finish(t.Context(), s.DB, mine, "", "503", time.Hour))
	require.Empty(t, claim(time.Hour, 9), "it rests")
	require.NoError(t, outbox.Finish(t.Context(), s.DB, mine, "", "503", 0))
	again := claim(0, 9)
	require.Len(t, again, 1)
	require.Equal(t, 2, again[0].Attempts)
	require.NoError(t, outbox.Finish(t.Context(), s.DB, mine, "DONE", "200", 0))
	require.NoError(t, outbox.Finish(t.Context(), s.DB, mine, "DEAD", "late", 0), "who answers late changes nothing")
	require.Empty(t, claim(0, 9))
	require.Equal(t, []string{"ACME DONE 200 2"}, s.Texts("SELECT concat_ws(' ', account_id, state, answer, attempts) FROM webhook_deliveries WHERE done_on IS NOT NULL"))
}
