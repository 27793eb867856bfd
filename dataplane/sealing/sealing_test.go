package sealing_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/dataplane/sealing"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestAnOperatorsKeySealsTheEnvironments: from when it is given nothing in the database opens what nodes sealed; a newer one takes its place while nodes
// with the older are at work, and a node without it says so.
func TestAnOperatorsKeySealsTheEnvironments(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Template(t, "sealing", storetest.Migrate)
	db := storetest.Open(t, dsn, store.Options{})
	raw, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Close(t.Context()) })
	kept := func() string {
		var secret []byte
		require.NoError(t, raw.QueryRow(t.Context(), `SELECT secret FROM sealing_keys`).Scan(&secret))
		return string(secret)
	}
	var nodes sync.WaitGroup
	all := make([][]seal.Key, 4)
	for i := range all {
		nodes.Go(func() { all[i], _ = sealing.Keys(t.Context(), db) })
	}
	nodes.Wait()
	keys := all[0]
	require.Len(t, keys, 1)
	for _, other := range all {
		require.Equal(t, keys, other, "nodes that start together have the same")
	}
	require.Equal(t, string(keys[0].Secret), kept(), "without an operator's key it is kept as it is")

	first, second := seal.NewKey(), seal.NewKey()
	got, err := sealing.Keys(t.Context(), db, first)
	require.NoError(t, err)
	require.Equal(t, keys, got, "what was sealed before opens")
	require.NotContains(t, kept(), string(keys[0].Secret))
	before := kept()
	_, err = sealing.Keys(t.Context(), db, first)
	require.NoError(t, err)
	require.Equal(t, before, kept(), "once")
	for _, without := range [][]seal.Key{nil, {second}} {
		_, err = sealing.Keys(t.Context(), db, without...)
		require.ErrorIs(t, err, sealing.ErrNoKey)
		require.ErrorContains(t, err, "--sealing-keys")
	}

	got, err = sealing.Keys(t.Context(), db, first, second)
	require.NoError(t, err)
	require.Equal(t, keys, got)
	require.NotEqual(t, before, kept())
	got, err = sealing.Keys(t.Context(), db, second)
	require.NoError(t, err, "the older key is not needed any more")
	require.Equal(t, keys, got)
	_, err = raw.Exec(t.Context(), `UPDATE sealing_keys SET key_id = 'another'`)
	require.NoError(t, err)
	_, err = sealing.Keys(t.Context(), db, second)
	require.ErrorIs(t, err, sealing.ErrNoKey, "a secret is sealed for its own id")
	require.True(t, strings.HasPrefix(kept(), "sealed:"))
}
