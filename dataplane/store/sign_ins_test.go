package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFailedSignInsAreListedAndForgottenAtTheirBounds: by age, by number, by how many at a time, of one account.
func TestFailedSignInsAreListedAndForgottenAtTheirBounds(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, account := range []string{"ACME", "OTHER"} {
		for i := range 4 { // the higher the number, the longer ago
			s.SQL(`INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from)
VALUES ($1, 'user ann', $2, 1, now(), $3::int8, now() - $3::int8 * INTERVAL '1 hour', '')`, account, fmt.Sprint("s", i), i)
		}
		s.SQL(`INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from) VALUES ($1, 'user ann', '', 3, now(), 9, now(), '')`, account)
	}
	list := func(limit int) (out []string) {
		found, err := s.DB.Reader(s.Scope).FailedSignIns(t.Context(), "user ann", limit)
		require.NoError(t, err)
		for _, f := range found {
			out = append(out, f.Source)
		}
		return out
	}
	require.Equal(t, []string{"s1", "s2", "s3"}, list(9), "where there were failures, the latest first")
	require.Equal(t, []string{"s1", "s2"}, list(2))
	left := func() []string {
		require.Len(t, s.Texts("SELECT source FROM sign_ins WHERE account_id = 'OTHER'"), 5)
		return s.Texts("SELECT source FROM sign_ins WHERE account_id = 'ACME' ORDER BY seen_on DESC, source")
	}
	purge := func(age time.Duration, keep, limit int) int {
		n, err := s.DB.PurgeSignIns(t.Context(), "ACME", age, keep, limit)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, purge(4*time.Hour, 5, 9))
	require.Equal(t, 1, purge(150*time.Minute, 5, 9), "older than that")
	require.Equal(t, 1, purge(24*time.Hour, 2, 1), "one at a time, the oldest")
	require.Len(t, left(), 3)
	require.Equal(t, 1, purge(24*time.Hour, 2, 9), "no more than two are kept")
	require.Len(t, left(), 2)
	require.NoError(t, s.DB.UnlockSignIn(t.Context(), s.Scope, "user ann"))
	require.Equal(t, []string{"0"}, s.Texts("SELECT DISTINCT failures::text FROM sign_ins WHERE account_id = 'ACME'"), "at all sources")
	require.Equal(t, []string{"1", "3"}, s.Texts("SELECT DISTINCT failures::text FROM sign_ins WHERE account_id = 'OTHER' ORDER BY 1"))
}
