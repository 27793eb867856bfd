//go:build soak

package soak_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestSearchesAmongAMillionOrdersUseTheirIndexes: one order each second, in 1,000 statuses. Each search by a filter that an index serves looks at few rows;
// each other one at no more than its bound.
func TestSearchesAmongAMillionOrdersUseTheirIndexes(t *testing.T) {
	many := 1_000_000
	if text := os.Getenv("SOAK_ORDERS"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dbtest.Template(t, "store", storetest.Migrate))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(ctx) })
	_, err = conn.Exec(ctx, `INSERT INTO orders (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version, retailer_id, customer_id, total_price)
		SELECT 'A1', g, $1::TIMESTAMPTZ + g * INTERVAL '1 second', $1::TIMESTAMPTZ + g * INTERVAL '1 second', 'v' || g, 'HD', 'v' || g % 1000, 'ORDER::HD', 1, 1, g / 20, g FROM generate_series(1, $2::INT8) AS s (g)`,
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), many)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "VACUUM ANALYZE orders")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "SET plan_cache_mode = force_custom_plan; SET ROLE fluent_tenant; SELECT set_config('fluent.account', 'A1', false)", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	searches, err := store.Searches(domain.Catalogue(), 777, time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	served := 0
	for _, s := range searches {
		if !strings.HasPrefix(s.Name, "orders(") {
			continue
		}
		var text string
		require.NoError(t, conn.QueryRow(ctx, "EXPLAIN (ANALYZE, FORMAT JSON) "+s.SQL, s.Args...).Scan(&text), s.Name)
		var plans []struct {
			Plan planned
			Time float64 `json:"Execution Time"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &plans))
		looked := plans[0].Plan.looked()
		t.Logf("%-28s served: %-5v %8d rows looked at, %8.2f ms", s.Name, s.Served, looked, plans[0].Time)
		if s.Served {
			served++
			require.LessOrEqual(t, looked, 20_000, "%s\n%s", s.SQL, text)
			require.False(t, plans[0].Plan.all("orders"), "it reads the table from end to end: %s", text)
		} else {
			require.LessOrEqual(t, looked, 2*500_001, "%s\n%s", s.SQL, text)
		}
	}
	require.GreaterOrEqual(t, served, 7)
}

// planned is a node of a plan that was carried out.
type planned struct {
	Kind     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Plans    []planned
}

// looked is how many rows of tables the plan looked at.
func (p planned) looked() int {
	n := 0
	if p.Relation != "" {
		n = int((p.Rows + p.Removed) * p.Loops)
	}
	for _, below := range p.Plans {
		n += below.looked()
	}
	return n
}

// all reports whether the plan reads a table without an index.
func (p planned) all(table string) bool {
	if p.Relation == table && p.Kind == "Seq Scan" {
		return true
	}
	for _, below := range p.Plans {
		if below.all(table) {
			return true
		}
	}
	return false
}
