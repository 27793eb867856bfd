package conformance_test

import (
	"context"
	"testing"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/conformance"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t testing.TB) string { return dbtest.Template(t, "store", migrate) })
}

func migrate(dsn string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, dsn, store.Options{Catalogue: domain.Catalogue()})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx, nil)
}
