package graphql_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
)

// TestWhatMayMendAnOrderIsMarked: blocked orders are tried again at once after it. What no first turn looks at is not.
func TestWhatMayMendAnOrderIsMarked(t *testing.T) {
	t.Parallel()
	figures, err := modules.Figures(domain.Catalogue())
	require.NoError(t, err)
	w := newWorldOf(t, store.Options{Catalogue: domain.Catalogue(), Figures: figures}, "graphql", storetest.MigrateOnTripwire)
	marks := func() int64 {
		conn, err := pgx.Connect(t.Context(), w.dsn)
		require.NoError(t, err)
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		var mark int64
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT COALESCE(max(mark), 0) FROM figure_marks WHERE account_id = 'ACME' AND figure = $1`, eventstore.Causes).Scan(&mark))
		return mark
	}
	place := w.place("S1")
	before := marks()
	require.Positive(t, before, "a location was made")
	for _, mutation := range []string{
		`createSetting(input: {name: "S", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id }`,
		`updateSetting(input: {id: 1, valueType: "STRING", value: "2", context: "RETAILER", contextId: 1}) { id }`,
		`updateLocation(input: {id: ` + place + `, status: "INACTIVE"}) { id }`,
		`updateLocation(input: {id: ` + place + `, openingSchedule: {id: 1, allHours: true, monStart: 900}}) { id }`,
		`updateLocation(input: {id: ` + place + `, primaryAddress: {id: 1, latitude: -33.5}}) { id }`,
		`createNetwork(input: {name: "N", retailers: [{id: 1}], locations: [{id: ` + place + `}]}) { id }`,
	} {
		w.data("mutation { x: "+mutation+" }", "")
		now := marks()
		require.NotEqual(t, before, now, mutation)
		before = now
	}
	w.data(`mutation { createProductCatalogue(input: {ref: "PC", type: "MASTER", name: "All"}) { id } }`, "")
	require.Equal(t, before, marks())
}
