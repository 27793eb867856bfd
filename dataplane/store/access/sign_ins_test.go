package access_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestFailedSignInsAreListedAndForgottenAtTheirBounds: by age, by number, by how many at a time, of one account.
func TestFailedSignInsAreListedAndForgottenAtTheirBounds(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	for _, account := range []string{"ACME", "OTHER"} {
		for i := range 4 { // the higher the number, the longer ago
			s.SQL(`INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from)
VALUES ($1, 'user ann', $2, 1, now(), $3::int8, now() - $3::int8 * INTERVAL '1 hour', '')`, account, fmt.Sprint("s", i), i)
		}
		s.SQL(`INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from) VALUES ($1, 'user ann', '', 3, now(), 9, now(), '')`, account)
	}
	list := func(limit int) (out []string) {
		found, err := access.FailedSignIns(t.Context(), s.DB.Reader(s.Scope), "user ann", limit)
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
		n, err := access.PurgeSignIns(t.Context(), s.DB, s.Scope, age, keep, limit)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, purge(4*time.Hour, 5, 9))
	require.Equal(t, 1, purge(150*time.Minute, 5, 9), "older than that")
	require.Equal(t, 1, purge(24*time.Hour, 2, 1), "one at a time, the oldest")
	require.Len(t, left(), 3)
	require.Equal(t, 1, purge(24*time.Hour, 2, 9), "no more than two are kept")
	require.Len(t, left(), 2)
	require.NoError(t, access.UnlockSignIn(t.Context(), s.DB, s.Scope, "user ann"))
	require.Equal(t, []string{"0"}, s.Texts("SELECT DISTINCT failures::text FROM sign_ins WHERE account_id = 'ACME'"), "at all sources")
	require.Equal(t, []string{"1", "3"}, s.Texts("SELECT DISTINCT failures::text FROM sign_ins WHERE account_id = 'OTHER' ORDER BY 1"))
}

// TestAttemptsToSignInTakeTurns: of two at once, that of the last free guess passes and the other one waits for as long as after it.
func TestAttemptsToSignInTakeTurns(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	ann := access.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	var waits [2]time.Duration
	reserve := func(n int) error {
		a, err := access.ReserveSignIn(t.Context(), s.DB, s.Scope, ann)
		waits[n] = a.Wait
		return err
	}
	for range 4 {
		require.NoError(t, reserve(0))
		require.Zero(t, waits[0])
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Decided})
	first := storetest.Go(func() error { return reserve(0) })
	stop.Arrived()
	second := storetest.Go(func() error { return reserve(1) })
	second.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Zero(t, waits[0])
	require.Positive(t, waits[1])
}

// TestAttemptsToSignInLockInOneOrder: the source first, which strangers to each other share, then the subject, then the subject there.
func TestAttemptsToSignInLockInOneOrder(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	ann := access.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	attempt := func() error {
		_, err := access.ReserveSignIn(t.Context(), s.DB, s.Scope, ann)
		return err
	}
	require.NoError(t, attempt())
	s.AnyPlan()
	// The row of the source is stored last.
	s.SQL("UPDATE sign_ins SET seen_on = seen_on WHERE subject = ''")
	release := s.Hold("SELECT 1 FROM sign_ins WHERE subject = '' FOR UPDATE")
	run := storetest.Go(attempt)
	run.Blocked(t, s.DSN)
	require.Equal(t, []string{"", "192.0.2.1"}, s.Free("sign_ins", "source"))
	release()
	require.NoError(t, run.Wait())
}

// TestASignInThatSucceedsIsNotTheLastFailure: administrators look at when somebody failed, not at when the user came in.
func TestASignInThatSucceedsIsNotTheLastFailure(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	ann := access.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	reserve := func() access.Attempt {
		t.Helper()
		a, err := access.ReserveSignIn(t.Context(), s.DB, s.Scope, ann)
		require.NoError(t, err)
		require.Zero(t, a.Wait)
		return a
	}
	last := func(times int) time.Time {
		t.Helper()
		found, err := access.FailedSignIns(t.Context(), s.DB.Reader(s.Scope), ann.Subject, 9)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, times, found[0].Times)
		return found[0].LastOn
	}
	reserve() // and the password was wrong
	s.SQL(`UPDATE sign_ins SET failed_on = failed_on - INTERVAL '1 hour'`)
	failed := last(1)
	require.NoError(t, access.SucceedSignIn(t.Context(), s.DB, s.Scope, reserve()))
	require.Equal(t, failed, last(1))

	right := reserve()
	reserve() // wrong, while the right one is looked at
	require.NoError(t, access.SucceedSignIn(t.Context(), s.DB, s.Scope, right))
	require.True(t, last(2).After(failed.Add(time.Minute)))
}
