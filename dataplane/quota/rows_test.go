package quota_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/quota"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/usage"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// keeper is a node with what it knows of rows.
type keeper struct {
	t    *testing.T
	db   *store.DB
	rows *quota.Rows
}

// keepers are nodes on one database; account ACME may keep so many rows, others any number. The first one counts.
func keepers(t *testing.T, most *int64, n int) []*keeper {
	t.Helper()
	dsn := dbtest.Template(t, "store", storetest.Migrate)
	out := make([]*keeper, n)
	for i := range out {
		k := &keeper{t: t}
		k.db = storetest.Open(t, dsn, store.Options{Catalogue: domain.Catalogue(), Stored: func(a tenancy.AccountID, n int) { k.rows.Wrote(a, n) }})
		k.rows = quota.NewRows(quota.RowsDeps{
			Usage: usage.Of(k.db), Mine: func() bool { return i == 0 }, Log: slog.New(slog.DiscardHandler),
			Accounts: func() []tenancy.AccountID { return []tenancy.AccountID{"ACME", "OTHER"} },
			Figures: func(a tenancy.AccountID) limit.Figures {
				if a == "ACME" {
					return limit.Figures{StoredRows: *most}
				}
				return limit.Figures{}
			},
		})
		out[i] = k
	}
	return out
}

// write commits rows of an account, flushed one by one, and deletes others.
func (k *keeper) write(account string, rows int, gone ...catalogue.ID) []catalogue.ID {
	k.t.Helper()
	scope, comment := storetest.ScopeOf(k.t, account), k.db.Catalogue().Type("Comment")
	ids, err := k.db.NewIDs(k.t.Context(), scope, comment, rows)
	require.NoError(k.t, err)
	require.NoError(k.t, k.db.Write(k.t.Context(), scope, func(tx *store.Tx) error {
		for _, id := range ids {
			c := &foundation.Comment{EntityType: "ORDER", EntityID: "1", Text: "x"}
			c.ID = id
			tx.Insert(c)
			if err := tx.Flush(k.t.Context()); err != nil {
				return err
			}
		}
		tx.Delete(comment, gone...)
		return nil
	}))
	return ids
}

// full reports whether an account has no room, and tells how its refusal reads.
func (k *keeper) full(account string) (bool, *fault.Error) {
	k.t.Helper()
	err := k.rows.Room(tenancy.AccountID(account))
	if err == nil {
		return false, nil
	}
	require.True(k.t, fault.Is(err, fault.Limited))
	return true, fault.Of(err)
}

func TestNodesKeepHowManyRowsAnAccountHas(t *testing.T) {
	t.Parallel()
	most := int64(10)
	nodes := keepers(t, &most, 2)
	a, b := nodes[0], nodes[1]
	settle := func(all ...*keeper) {
		for _, k := range all {
			require.NoError(t, k.rows.Settle(t.Context()))
		}
	}
	first := a.write("ACME", 4)
	full, _ := a.full("ACME")
	require.False(t, full, "what was never counted is not known")
	settle(b, a) // a counts them, of which it has written four
	settle(b)
	b.write("ACME", 5)
	b.write("OTHER", 30)
	full, _ = b.full("ACME")
	require.False(t, full)
	b.write("ACME", 1)
	full, why := b.full("ACME")
	require.True(t, full, "at once, where it was written")
	require.Equal(t, []any{"C0011E", map[string]string{"limit": "stored-rows", "scope": "ACCOUNT", "figure": "10"}}, []any{why.Code, why.Meta})
	full, _ = a.full("ACME")
	require.False(t, full, "the other node has not heard of it")
	settle(b, a)
	full, _ = a.full("ACME")
	require.True(t, full)
	full, _ = b.full("OTHER")
	require.False(t, full, "it has no quota")

	a.write("ACME", 0, first[:2]...)
	full, _ = a.full("ACME")
	require.False(t, full, "rows were removed")
	most = 0
	settle(a, b)
	a.write("ACME", 20)
	full, _ = a.full("ACME")
	require.False(t, full, "the quota was taken away")
}

// TestRequestsCountNoRows: neither asking for room nor writing sends a statement about it.
func TestRequestsCountNoRows(t *testing.T) {
	t.Parallel()
	most := int64(10)
	k := keepers(t, &most, 1)[0]
	require.NoError(t, k.rows.Settle(t.Context()))
	trace := &store.Trace{}
	ctx := store.WithTrace(t.Context(), trace)
	require.NoError(t, k.db.Write(ctx, storetest.ScopeOf(t, "ACME"), func(tx *store.Tx) error {
		c := &foundation.Comment{EntityType: "ORDER", EntityID: "1", Text: "x"}
		c.ID = "1"
		tx.Insert(c)
		return k.rows.Room("ACME")
	}))
	require.Equal(t, []string{"comments.insert"}, trace.Statements())
}

// TestIdleAccountsCostNothing: an account that nobody used at a node since it learnt its figure is not asked about, and its count is looked at now and then.
func TestIdleAccountsCostNothing(t *testing.T) {
	t.Parallel()
	most := int64(10)
	k := keepers(t, &most, 1)[0]
	sent := func() []string {
		trace := &store.Trace{}
		require.NoError(t, k.rows.Settle(store.WithTrace(t.Context(), trace)))
		return trace.Statements()
	}
	require.NotEmpty(t, sent())
	require.Empty(t, sent())
	require.NoError(t, k.rows.Room("ACME"))
	require.Len(t, sent(), 1, "what others wrote may matter now")
	k.write("ACME", 1)
	require.Len(t, sent(), 1)
	require.Empty(t, sent())
}

// TestACountPutsTheFigureRight, whatever nodes forgot when they died.
func TestACountPutsTheFigureRight(t *testing.T) {
	t.Parallel()
	most := int64(10)
	k := keepers(t, &most, 1)[0]
	scope := storetest.ScopeOf(t, "ACME")
	k.write("ACME", 3)
	k.write("OTHER", 5)
	u := usage.Of(k.db)
	due, err := u.Due(t.Context(), scope, time.Hour)
	require.NoError(t, err)
	require.True(t, due)
	require.NoError(t, u.Count(t.Context(), scope))
	total, counted, err := u.Add(t.Context(), scope, 100)
	require.NoError(t, err)
	require.Equal(t, []any{int64(103), true}, []any{total, counted})
	require.NoError(t, u.Count(t.Context(), scope))
	total, _, err = u.Add(t.Context(), scope, 0)
	require.NoError(t, err)
	require.Equal(t, int64(3), total)
	due, err = u.Due(t.Context(), scope, time.Hour)
	require.NoError(t, err)
	require.False(t, due)
	_, counted, err = u.Add(t.Context(), storetest.ScopeOf(t, "OTHER"), 1)
	require.NoError(t, err)
	require.False(t, counted)
}
