package store_test

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// migratedDSN is the address of a database of the test's own that has the current schema.
func migratedDSN(t testing.TB) string {
	return dbtest.Template(t, "store", func(dsn string) error {
		db, err := store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Migrate(context.Background(), nil)
	})
}

func emptyDSN(t testing.TB) string { return dbtest.New(t) }

func open(t testing.TB, dsn string, options store.Options) *store.DB {
	options.Catalogue = domain.Catalogue()
	options.AcquireWait = cmp.Or(options.AcquireWait, time.Minute) // machines may be slow
	options.WriteBudget = cmp.Or(options.WriteBudget, time.Minute)
	db, err := store.Open(context.Background(), dsn, options)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func scopeOf(t testing.TB, account string) tenancy.Scope {
	s, err := tenancy.NewScope(tenancy.AccountID(account))
	require.NoError(t, err)
	return s
}

func scopeNamed(account string) (tenancy.Scope, error) {
	return tenancy.NewScope(tenancy.AccountID(account))
}
