package store_test

import (
	"testing"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// migratedDSN is the address of a database of the test's own that has the current schema.
func migratedDSN(t testing.TB) string { return dbtest.Template(t, "store", storetest.Migrate) }

func emptyDSN(t testing.TB) string { return dbtest.New(t) }

func open(t testing.TB, dsn string, options store.Options) *store.DB {
	return storetest.Open(t, dsn, options)
}

func scopeOf(t testing.TB, account string) tenancy.Scope { return storetest.ScopeOf(t, account) }

func scopeNamed(account string) (tenancy.Scope, error) {
	return tenancy.NewScope(tenancy.AccountID(account))
}

// stand is a stand with what tests of this package do to it.
type stand struct{ *storetest.Stand }

func newStand(t *testing.T) *stand { return &stand{storetest.NewStand(t, dbtest.Template)} }
