package repeats_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// desk takes requests and makes jobs for them.
type desk struct{ *storetest.Stand }

// make carries a request out.
func (d *desk) make(scope tenancy.Scope, r repeats.Request, job string) error {
	return d.DB.Write(d.T.Context(), scope, func(tx *store.Tx) error {
		repeats.Take(tx, r, job)
		jobs.Add(tx, &jobs.Job{ID: catalogue.ID(job), Name: job, ClosesOn: tx.Now()})
		return nil
	})
}

func (d *desk) made() []string {
	return d.Texts("SELECT account_id || ' ' || name FROM jobs ORDER BY 1")
}

func (d *desk) find(scope tenancy.Scope, r repeats.Request) string {
	made, err := repeats.Find(d.T.Context(), d.DB.Reader(scope), r)
	require.NoError(d.T, err)
	return made
}

func known(text string) repeats.Request {
	return repeats.Request{Key: repeats.KeyOf([]byte(text), "ann", "POST /job"), Known: repeats.Window}
}

// TestARequestMakesSomethingOnce: not again while it is known, then anew; another account's, another request's, one without a key: each for itself.
func TestARequestMakesSomethingOnce(t *testing.T) {
	t.Parallel()
	d := &desk{storetest.NewStand(t, dbtest.Template)}
	acme, other := d.Scope, storetest.ScopeOf(t, "OTHER")
	a := known("a")
	require.Empty(t, d.find(acme, a))
	require.NoError(t, d.make(acme, a, "1"))
	require.ErrorIs(t, d.make(acme, a, "2"), repeats.ErrRepeated)
	require.NoError(t, d.make(acme, known("b"), "3"))
	require.NoError(t, d.make(other, a, "4"))
	require.NoError(t, d.make(acme, repeats.Request{}, "5"))
	require.NoError(t, d.make(acme, repeats.Request{}, "6"))
	require.Equal(t, []string{"ACME 1", "ACME 3", "ACME 5", "ACME 6", "OTHER 4"}, d.made())
	require.Equal(t, "1", d.find(acme, a))
	require.Equal(t, "4", d.find(other, a))
	require.Empty(t, d.find(acme, repeats.Request{}))

	d.SQL("UPDATE repeats SET ends_on = ends_on - INTERVAL '595 seconds'")
	require.ErrorIs(t, d.make(acme, a, "7"), repeats.ErrRepeated, "within ten minutes")
	d.SQL("UPDATE repeats SET ends_on = ends_on - INTERVAL '5 seconds' WHERE account_id = 'ACME'")
	require.Empty(t, d.find(acme, a))
	require.NoError(t, d.make(acme, a, "8"), "after ten minutes")
	require.Equal(t, "8", d.find(acme, a))
	require.ErrorIs(t, d.make(acme, a, "9"), repeats.ErrRepeated, "and the ten minutes begin anew")
	require.ErrorIs(t, d.make(other, a, "9"), repeats.ErrRepeated)
}

// TestAnAnswerThatIsNoneIsReplacedOnce: of two that would replace the same thing, one does.
func TestAnAnswerThatIsNoneIsReplacedOnce(t *testing.T) {
	t.Parallel()
	d := &desk{storetest.NewStand(t, dbtest.Template)}
	a := known("a")
	require.NoError(t, d.make(d.Scope, a, "1"))
	instead := a
	instead.Instead = "1"
	require.Empty(t, d.find(d.Scope, instead))
	require.NoError(t, d.make(d.Scope, instead, "2"))
	require.ErrorIs(t, d.make(d.Scope, instead, "3"), repeats.ErrRepeated)
	require.Equal(t, "2", d.find(d.Scope, instead))
	require.Equal(t, []string{"ACME 1", "ACME 2"}, d.made())
}

// TestOfTwoAtOnceTheSecondWaits for the first, and makes something only if that one does not.
func TestOfTwoAtOnceTheSecondWaits(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{"the first commits": nil, "the first fails": errors.New("lost")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{storetest.NewStand(t, dbtest.Template)}
			hooks := storetest.New(t)
			db := storetest.Open(t, d.DSN, store.Options{Hook: hooks.Hook})
			stop := hooks.Stop(storetest.At{Point: store.Sent, Statement: "jobs.add"})
			first := storetest.Go(func() error {
				return db.WriteLocked(t.Context(), d.Scope, func(tx *store.Tx) error {
					repeats.Take(tx, known("a"), "1")
					jobs.Add(tx, &jobs.Job{ID: "1", Name: "1", ClosesOn: tx.Now()})
					return nil
				})
			})
			stop.Arrived()
			if lost != nil {
				hooks.Fail(storetest.At{Point: store.Committing, Account: "ACME"}, 1, lost)
			}
			second := storetest.Go(func() error { return d.make(d.Scope, known("a"), "2") })
			second.Blocked(t, d.DSN)
			stop.Release()
			require.ErrorIs(t, first.Wait(), lost)
			if lost != nil {
				require.NoError(t, second.Wait())
				require.Equal(t, []string{"ACME 2"}, d.made())
				return
			}
			require.ErrorIs(t, second.Wait(), repeats.ErrRepeated)
			require.Equal(t, []string{"ACME 1"}, d.made())
		})
	}
}

// TestOnlyWhatIsNotKnownAnyMoreIsForgotten, some at a time, of one account.
func TestOnlyWhatIsNotKnownAnyMoreIsForgotten(t *testing.T) {
	t.Parallel()
	d := &desk{storetest.NewStand(t, dbtest.Template)}
	for _, scope := range []tenancy.Scope{d.Scope, storetest.ScopeOf(t, "OTHER")} {
		for _, text := range []string{"1", "2", "3"} {
			require.NoError(t, d.make(scope, known(text), text))
		}
	}
	byID := repeats.Request{Key: repeats.KeyOf([]byte("x"), "ann"), Known: repeats.ByID}
	require.NoError(t, d.make(d.Scope, byID, "4"))
	purge := func(limit int) int {
		n, err := repeats.Purge(t.Context(), d.DB, d.Scope, 0, limit)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, purge(9))
	d.SQL("UPDATE repeats SET ends_on = ends_on - INTERVAL '11 minutes'")
	require.Equal(t, 2, purge(2))
	require.Equal(t, 1, purge(9))
	require.Equal(t, []string{"ACME 4", "OTHER 1", "OTHER 2", "OTHER 3"}, d.Texts("SELECT account_id || ' ' || made FROM repeats ORDER BY 1"))
}

// TestAKeyTellsPartsApart, wherever one ends and the next begins.
func TestAKeyTellsPartsApart(t *testing.T) {
	t.Parallel()
	seen := map[repeats.Key]bool{}
	for _, parts := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"c", "ab"}} {
		seen[repeats.KeyOf([]byte("x"), parts...)] = true
	}
	seen[repeats.KeyOf([]byte("cx"), "ab")] = true
	seen[repeats.KeyOf(nil, "ab", "cx")] = true
	require.Len(t, seen, 8)
	for key := range seen {
		require.Len(t, key, 16)
	}
	require.Equal(t, repeats.KeyOf([]byte("x"), "a"), repeats.KeyOf([]byte("x"), "a"))
}
