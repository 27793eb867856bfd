package access

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// What stock roles of an account were given is found by primary key.
const (
	sqlStockRoles     = `SELECT name, permissions FROM stock_roles WHERE account_id = $1`
	sqlStockRolesKeep = `INSERT INTO stock_roles (account_id, name, permissions)
SELECT $1, u.name, u.permissions FROM unnest($2::TEXT[], $3::TEXT[]) AS u (name, permissions)
ON CONFLICT (account_id, name) DO UPDATE SET permissions = excluded.permissions`
)

// StockRoles reads which permissions the stock roles of the reader's account were given at one time or another, by the roles' names. A role that is
// missing is one of a build that kept no account of it.
func StockRoles(ctx context.Context, r *store.Reader) (given map[string][]string, err error) {
	err = r.Send(ctx, store.Statement{Name: "stock_roles.list", SQL: sqlStockRoles, Args: r.Args(), Rows: func(rows pgx.Rows) error {
		given = map[string][]string{}
		var name, permissions string
		_, err := pgx.ForEachRow(rows, []any{&name, &permissions}, func() error {
			given[name] = strings.Fields(permissions)
			return nil
		})
		return err
	}})
	return given, err
}

// KeepStockRoles keeps what stock roles of the transaction's account were given, in the place of what was kept of them.
func KeepStockRoles(tx *store.Tx, given map[string][]string) {
	if len(given) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(given))
	lists := make([]string, len(names))
	for i, n := range names {
		lists[i] = strings.Join(given[n], " ")
	}
	tx.Queue(store.Statement{Name: "stock_roles.keep", SQL: sqlStockRolesKeep, Args: tx.Args(names, lists)})
}
