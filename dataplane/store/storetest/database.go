package storetest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain"
)

// Open opens a store over a database until the test ends. Where the options say nothing else, its catalogue is the platform's, and it is more
// patient than a node's, since machines that run tests may be slow.
func Open(t testing.TB, dsn string, options store.Options) *store.DB {
	t.Helper()
	db, err := open(dsn, options)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

func open(dsn string, options store.Options) (*store.DB, error) {
	options.Catalogue = cmp.Or(options.Catalogue, domain.Catalogue())
	options.AcquireWait = cmp.Or(options.AcquireWait, time.Minute)
	options.WriteBudget = cmp.Or(options.WriteBudget, time.Minute)
	return store.Open(context.Background(), dsn, options)
}

// Migrate gives a database the current schema. It is for dbtest.Template.
func Migrate(dsn string) error {
	db, err := open(dsn, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(context.Background(), nil)
}

// MigrateOnTripwire gives a database the current schema, and has statements fail that reach another account's rows. It is for dbtest.Template.
func MigrateOnTripwire(dsn string) error {
	if err := Migrate(dsn); err != nil {
		return err
	}
	return tripwire.Set(context.Background(), dsn)
}
