//go:build soak

package soak_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestSearchesAmongAMillionOrdersUseTheirIndexes: one order each second, in 1,000 statuses. Each search by a filter that an index serves looks at few rows;
// each other one at no more than its bound.
func TestSearchesAmongAMillionOrdersUseTheirIndexes(t *testing.T) {
	many := ordersToSearch(t)
	ctx := t.Context()
	conn := searched(t, many)
	_, err := conn.Exec(ctx, "VACUUM ANALYZE orders")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "SET plan_cache_mode = force_custom_plan; SET ROLE fluent_tenant; SELECT set_config('fluent.account', 'A1', false)", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	account, err := tenancy.NewScope("A1")
	require.NoError(t, err)
	searches, err := store.Searches(domain.Catalogue(), account, 777, time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	served := 0
	for _, s := range searches {
		if !strings.HasPrefix(s.Name, "orders(") {
			continue
		}
		plan, text := explained(t, conn, s)
		looked := plan.looked()
		if s.Served {
			served++
			require.LessOrEqual(t, looked, 20_000, "%s\n%s", s.SQL, text)
			require.False(t, plan.all("orders"), "it reads the table from end to end: %s", text)
		} else {
			require.LessOrEqual(t, looked, 2*500_001, "%s\n%s", s.SQL, text)
		}
	}
	require.GreaterOrEqual(t, served, 7)
}

// ordersToSearch is how many orders there are to be: a million, unless SOAK_ORDERS says how many.
func ordersToSearch(t *testing.T) int {
	t.Helper()
	many := 1_000_000
	if text := os.Getenv("SOAK_ORDERS"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	return many
}

// searched is a connection to a database with so many orders.
func searched(t *testing.T, many int) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dbtest.Template(t, "store", storetest.Migrate))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), `INSERT INTO orders (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version, retailer_id, customer_id, total_price)
		SELECT 'A1', g, $1::TIMESTAMPTZ + g * INTERVAL '1 second', $1::TIMESTAMPTZ + g * INTERVAL '1 second', 'v' || g, 'HD', 'v' || g % 1000, 'ORDER::HD', 1, 1, g / 20, g FROM generate_series(1, $2::INT8) AS s (g)`,
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), many)
	require.NoError(t, err)
	return conn
}

// TestListsOfStoresAmongAMillionOrders: a warehouse has fulfilments of every second order, each of 1,000 stores of some, and one that has just opened of
// the last. Who has a role at one of them lists what is there, and looks at few rows, or at no more than the bound; so does who has one for a retailer.
func TestListsOfStoresAmongAMillionOrders(t *testing.T) {
	many := ordersToSearch(t)
	ctx := t.Context()
	conn := searched(t, many)
	for _, statement := range []string{
		`INSERT INTO fulfilments (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version, order_id, from_location_ref)
			SELECT account_id, id, created_on, updated_on, 'F' || id, 'HD_PFS', 'v' || id % 10, 'FULFILMENT::HD', 1, id,
			CASE WHEN id > $1::INT8 - 100 THEN 'new' WHEN id % 2 = 0 THEN 'DC' ELSE 'S' || id / 2 % 1000 END FROM orders`,
		`INSERT INTO fulfilment_choices (account_id, id, created_on, updated_on, order_id, delivery_type, pickup_location_ref)
			SELECT account_id, id, created_on, updated_on, id, 'STANDARD', CASE WHEN id % 10 = 0 THEN 'S' || id / 10 % 1000 END FROM orders WHERE id <= $1`,
	} {
		_, err := conn.Exec(ctx, statement, many)
		require.NoError(t, err)
	}
	_, err := conn.Exec(ctx, "VACUUM ANALYZE fulfilments, fulfilment_choices, orders")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "SET plan_cache_mode = force_custom_plan; SET ROLE fluent_tenant; SELECT set_config('fluent.account', 'A1', false)", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	account, err := tenancy.NewScope("A1")
	require.NoError(t, err)
	lists := map[string]bool{"orders": true, "fulfilments": true, "fulfilmentChoices": true}
	for _, at := range []struct {
		name   string
		scope  tenancy.Scope
		looked int
	}{
		{"new", account.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "1", Ref: "new", Retailer: 1}}}), 20_000},
		{"S7", account.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "2", Ref: "S7", Retailer: 1}}}), 100_000},
		{"DC", account.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "3", Ref: "DC", Retailer: 1}}}), 8 * 500_001}, // with what is looked up for each
	} {
		searches, err := store.Searches(domain.Catalogue(), at.scope, 777, time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		for _, s := range searches {
			if plural, _, _ := strings.Cut(s.Name, "("); lists[plural] {
				s.Name = at.name + " " + s.Name
				plan, text := explained(t, conn, s)
				require.LessOrEqual(t, plan.looked(), at.looked, "%s\n%s", s.SQL, text)
			}
		}
	}
}

// divisionByZero is how a search that looks at too many rows ends.
const divisionByZero = "22012"

// explained carries a search out, and says how; nothing of one that was refused for its bound.
func explained(t *testing.T, conn *pgx.Conn, s store.Search) (planned, string) {
	t.Helper()
	var text string
	err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+s.SQL, s.Args...).Scan(&text)
	if pe := (*pgconn.PgError)(nil); !s.Served && errors.As(err, &pe) && pe.Code == divisionByZero {
		t.Logf("%-32s served: %-5v refused", s.Name, s.Served)
		return planned{}, text
	}
	require.NoError(t, err, s.Name)
	var plans []struct {
		Plan planned
		Time float64 `json:"Execution Time"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	t.Logf("%-32s served: %-5v %8d rows looked at, %8.2f ms", s.Name, s.Served, plans[0].Plan.looked(), plans[0].Time)
	return plans[0].Plan, text
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
