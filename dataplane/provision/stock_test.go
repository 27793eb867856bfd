package provision_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
)

// older is an account as a build made it that knew no waves and no role IMPLEMENTER, and kept no account of what it gave. Since then its people took
// ORDER_VIEW from STORE_ASSISTANT and gave it USER_VIEW, and made a role of their own.
type older struct {
	t   *testing.T
	db  *store.DB
	raw *pgx.Conn
}

func anOlderAccount(t *testing.T) *older {
	dsn := migrated(t)
	raw, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Close(t.Context()) })
	o := &older{t, open(t, dsn), raw}
	_, err = provision.New(o.db, provision.NewBudget(nobody), defaults).PrepareAccount(t.Context(), account("ACME"))
	require.NoError(t, err)
	o.change(func(r *security.Role) bool {
		was := len(r.Permissions)
		r.Permissions = slices.DeleteFunc(r.Permissions, func(p security.Permission) bool { return strings.HasPrefix(p.Name, "WAVE_") })
		if r.Name == "STORE_ASSISTANT" {
			r.Permissions = append(slices.DeleteFunc(r.Permissions, func(p security.Permission) bool { return p.Name == "ORDER_VIEW" }), security.Permission{Name: "USER_VIEW"})
		}
		return len(r.Permissions) < was
	})
	require.NoError(t, o.db.Write(t.Context(), storetest.ScopeOf(t, "ACME"), func(tx *store.Tx) error {
		tx.Delete(store.TypeOf[security.Role](o.db), o.roles()["IMPLEMENTER"].ID)
		tx.Insert(&security.Role{Row: catalogue.Row{ID: "99"}, Name: "OURS", Permissions: []security.Permission{{Name: "ORDER_VIEW"}}})
		return nil
	}))
	o.exec(`DELETE FROM stock_roles`)
	return o
}

func (o *older) exec(sql string, args ...any) {
	o.t.Helper()
	_, err := o.raw.Exec(o.t.Context(), sql, args...)
	require.NoError(o.t, err)
}

func (o *older) roles() map[string]*security.Role {
	o.t.Helper()
	list, err := store.Load[security.Role](o.t.Context(), o.db.Reader(storetest.ScopeOf(o.t, "ACME")), store.Query{Page: store.Page{First: 100}})
	require.NoError(o.t, err)
	out := map[string]*security.Role{}
	for _, r := range list {
		out[r.Name] = r
	}
	return out
}

func (o *older) change(each func(r *security.Role) bool) {
	o.t.Helper()
	require.NoError(o.t, o.db.Write(o.t.Context(), storetest.ScopeOf(o.t, "ACME"), func(tx *store.Tx) error {
		for _, r := range o.roles() {
			if each(r) {
				tx.Update(r)
			}
		}
		return nil
	}))
}

// holds are the names of a role's permissions, sorted.
func (o *older) holds(role string) (out []string) {
	for _, p := range o.roles()[role].Permissions {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return out
}

// stock are the names of what this build gives a role, without some.
func stock(role string, without ...string) (out []string) {
	for _, r := range provision.Stock(domain.Catalogue()) {
		for _, p := range r.Permissions {
			if r.Name == role && !slices.Contains(without, p.Name) {
				out = append(out, p.Name)
			}
		}
	}
	return out
}

// TestStockRolesOfOlderAccountsGetWhatIsNew, once, from however many nodes of this build look at once; what the account made of its roles stays.
func TestStockRolesOfOlderAccountsGetWhatIsNew(t *testing.T) {
	t.Parallel()
	o := anOlderAccount(t)
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			if err := provision.KeepStockRoles(o.db).Keep(t.Context(), "ACME"); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	require.ElementsMatch(t, append(stock("STORE_ASSISTANT", "ORDER_VIEW"), "USER_VIEW"), o.holds("STORE_ASSISTANT"))
	for _, whole := range []string{"ADMIN", "ORCHESTRATION_ADMIN", "CUSTOMER_SERVICE", "INTEGRATION", "IMPLEMENTER"} {
		require.ElementsMatch(t, stock(whole), o.holds(whole), whole)
	}
	require.Equal(t, []string{"ORDER_VIEW"}, o.holds("OURS"))
	require.Contains(t, o.holds("STORE_ASSISTANT"), "WAVE_UPDATE")

	o.change(func(r *security.Role) bool {
		r.Permissions = slices.DeleteFunc(r.Permissions, func(p security.Permission) bool { return p.Name == "WAVE_UPDATE" })
		return r.Name == "STORE_ASSISTANT"
	})
	require.NoError(t, provision.KeepStockRoles(o.db).Keep(t.Context(), "ACME"))
	require.NotContains(t, o.holds("STORE_ASSISTANT"), "WAVE_UPDATE", "what was given and taken out is not given again")

	// A later build lets a stock role do what others could before.
	o.exec(`UPDATE stock_roles SET permissions = replace(permissions, 'COMMENT_CREATE', '') WHERE name = 'STORE_ASSISTANT'`)
	o.change(func(r *security.Role) bool {
		r.Permissions = slices.DeleteFunc(r.Permissions, func(p security.Permission) bool { return p.Name == "COMMENT_CREATE" })
		return r.Name == "STORE_ASSISTANT"
	})
	require.NoError(t, provision.KeepStockRoles(o.db).Keep(t.Context(), "ACME"))
	require.Contains(t, o.holds("STORE_ASSISTANT"), "COMMENT_CREATE")
	require.NotContains(t, o.holds("STORE_ASSISTANT"), "WAVE_UPDATE")
}

// TestStockRolesThatAreUpWithTheBuildCostNothing: one read when an account comes to a node, then none for a while, and no writes.
func TestStockRolesThatAreUpWithTheBuildCostNothing(t *testing.T) {
	t.Parallel()
	db := open(t, migrated(t))
	_, err := provision.New(db, provision.NewBudget(nobody), defaults).PrepareAccount(t.Context(), account("ACME"))
	require.NoError(t, err)
	counted := &store.Trace{}
	ctx := store.WithTrace(t.Context(), counted)
	keep := provision.KeepStockRoles(db)
	for range 3 {
		require.NoError(t, keep.Keep(ctx, "ACME"))
	}
	require.Equal(t, []string{"stock_roles.list"}, counted.Statements())
	other := &store.Trace{}
	require.NoError(t, keep.Keep(store.WithTrace(t.Context(), other), "NOBODY"))
	require.NoError(t, keep.Keep(store.WithTrace(t.Context(), other), "NOBODY"))
	require.Len(t, other.Statements(), 2, "an account that is not provisioned is left alone: %v", other.Statements())
}
