package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// TestErrorsDoNotNameThePassword opens databases that cannot be opened: what the driver says ends up in logs, in /readyz and in reports.
func TestErrorsDoNotNameThePassword(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, dsn := range []string{
		"postgres://nobody:ge-heim@127.0.0.1:1/x",
		"postgres://nobody:%67e-heim@127.0.0.1:1/x?sslmode=disable",
		"postgres://127.0.0.1:1/x?user=nobody&password=ge-heim",
		"postgres://nobody:ge%zz-heim@127.0.0.1:1/x",
		"postgres://nobody:ge-heim@127.0.0.1:port/x",
		"postgres://nobody:ge-heim@127.0.0.1:1/x?sslmode=nonsense",
		"host=127.0.0.1 port=1 user=nobody password=ge-heim dbname=x",
		"host=127.0.0.1 port=one user=nobody password = 'ge-h\\'heim' dbname=x",
	} {
		db, err := store.Open(ctx, dsn, store.Options{Catalogue: domain.Catalogue()})
		if err == nil {
			db.Close()
		}
		require.Error(t, err, dsn)
		require.NotContains(t, err.Error(), "heim", dsn)
	}
	db, err := store.Open(ctx, dbtest.New(t)+"&user=nobody-like-this&password=ge-heim", store.Options{Catalogue: domain.Catalogue()})
	if err == nil {
		db.Close()
	}
	require.Error(t, err, "the server knows no such user")
	require.NotContains(t, err.Error(), "heim")
}
