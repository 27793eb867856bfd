package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestTheFeedEndsByAgeAndByLength, the oldest first, and keeps the place of who has read all; the account's own, and no other's.
func TestTheFeedEndsByAgeAndByLength(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	fill := func() {
		s.SQL("DELETE FROM changes")
		s.SQL(`INSERT INTO changes (account_id, at, id, body) SELECT a, now() - h * INTERVAL '1 hour', gen_random_uuid(), ''
FROM generate_series(10, 100, 10) AS g (h), unnest(ARRAY['ACME', 'OTHER']) AS u (a)`)
	}
	left := func() []string {
		require.Equal(t, []string{"10"}, s.Texts("SELECT count(*)::TEXT FROM changes WHERE account_id = 'OTHER'"))
		return s.Texts("SELECT round(extract(epoch FROM now() - at) / 3600)::TEXT FROM changes WHERE account_id = 'ACME' ORDER BY at DESC")
	}
	purge := func(most int64, age time.Duration, limit int) (n int) {
		n, err := retention.Of(s.DB).AtMost(most).Purge(t.Context(), "ACME", retention.Changes, age, limit)
		require.NoError(t, err)
		return n
	}
	fill()
	require.Equal(t, 2, purge(100, 45*time.Hour, 2))
	require.Equal(t, []string{"10", "20", "30", "40", "50", "60", "70", "80"}, left())
	require.Equal(t, 4, purge(100, 45*time.Hour, 100))
	require.Equal(t, []string{"10", "20", "30", "40"}, left())
	fill()
	require.Equal(t, 6, purge(3, 1000*time.Hour, 100), "what is beyond the figure goes, but for the row that is the limit")
	require.Equal(t, []string{"10", "20", "30", "40"}, left())
	fill()
	require.Equal(t, 9, purge(100, 5*time.Hour, 100))
	require.Equal(t, []string{"10"}, left(), "readers of an account at rest have a place")
	s.SQL("INSERT INTO changes (account_id, at, id, body) VALUES ('ACME', now(), gen_random_uuid(), '')")
	require.Equal(t, 0, purge(100, 5*time.Hour, 100), "and keep it for an hour behind the next row")
	s.SQL("UPDATE changes SET at = at - INTERVAL '2 hours' WHERE account_id = 'ACME'")
	require.Equal(t, 1, purge(100, 5*time.Hour, 100))
}
