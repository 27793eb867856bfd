package rawsql

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Footprint is what one use of the API left in the database: new rows, and how many rows it changed.
type Footprint struct {
	Inserts []insert
	Updates []update
}

// insert is the new rows of one table, as they travel to the server.
type insert struct {
	table   string
	columns []string
	account int        // index of account_id in columns
	rows    [][][]byte // in the binary format; nil is NULL
}

// update is how many rows of a table changed, and the figure among their columns that moves, if there is one.
type update struct {
	table  string
	figure string
	rows   int
}

// figures are the columns that count stock.
var figures = map[string]string{"inventory_positions": "on_hand", "virtual_positions": "quantity"}

// born are the columns that tell when a row appeared; the first that a table has counts.
var born = []string{"created_on", "received_on", "generated_on"}

// String tells the tables and their numbers of rows.
func (f Footprint) String() string {
	var parts []string
	for _, i := range f.Inserts {
		parts = append(parts, fmt.Sprintf("%s +%d", i.table, len(i.rows)))
	}
	for _, u := range f.Updates {
		parts = append(parts, fmt.Sprintf("%s ~%d", u.table, u.rows))
	}
	return strings.Join(parts, ", ")
}

// Rows is how many rows were added or changed.
func (f Footprint) Rows() int {
	n := 0
	for _, i := range f.Inserts {
		n += len(i.rows)
	}
	for _, u := range f.Updates {
		n += u.rows
	}
	return n
}

// Capture collects all rows of the account's tables that appeared or changed since a time of the database's clock. Whoever calls it sees
// to it that nothing else was going on.
func (l *Lab) Capture(ctx context.Context, since time.Time) (Footprint, error) {
	var f Footprint
	tables, err := l.tables(ctx)
	if err != nil {
		return f, err
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		columns := tables[table]
		k := slices.IndexFunc(born, func(name string) bool { return slices.Contains(columns, name) })
		if k < 0 {
			continue // link tables: an order has none
		}
		ins, err := l.captureNew(ctx, table, born[k], since)
		if err != nil {
			return f, err
		}
		if len(ins.rows) > 0 {
			f.Inserts = append(f.Inserts, ins)
		}
		if !slices.Contains(columns, "updated_on") || !slices.Contains(columns, "id") {
			continue
		}
		upd := update{table: table, figure: figures[table]}
		sql := "SELECT count(*) FROM " + pgx.Identifier{table}.Sanitize() + " WHERE account_id = $1 AND created_on < $2 AND updated_on >= $2"
		if err := l.conns[0].QueryRow(ctx, sql, l.account, since).Scan(&upd.rows); err != nil {
			return f, fmt.Errorf("count changed rows of %s: %w", table, err)
		}
		if upd.rows > 0 {
			f.Updates = append(f.Updates, upd)
		}
	}
	return f, nil
}

// tables lists the columns of each table that belongs to accounts.
func (l *Lab) tables(ctx context.Context) (map[string][]string, error) {
	rows, err := l.conns[0].Query(ctx, `SELECT c.table_name::text, array_agg(c.column_name::text ORDER BY c.ordinal_position)
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' GROUP BY 1`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	tables := make(map[string][]string)
	var table string
	var columns []string
	_, err = pgx.ForEachRow(rows, []any{&table, &columns}, func() error {
		if slices.Contains(columns, "account_id") {
			tables[table] = slices.Clone(columns)
		}
		return nil
	})
	return tables, err
}

func (l *Lab) captureNew(ctx context.Context, table, born string, since time.Time) (insert, error) {
	ins := insert{table: table}
	sql := "SELECT * FROM " + pgx.Identifier{table}.Sanitize() + " WHERE account_id = $1 AND " + born + " >= $2"
	rows, err := l.conns[0].Query(ctx, sql, pgx.QueryResultFormats{pgx.BinaryFormatCode}, l.account, since)
	if err != nil {
		return ins, fmt.Errorf("capture rows of %s: %w", table, err)
	}
	defer rows.Close()
	for _, field := range rows.FieldDescriptions() {
		ins.columns = append(ins.columns, field.Name)
	}
	ins.account = slices.Index(ins.columns, "account_id")
	for rows.Next() {
		raw := rows.RawValues()
		row := make([][]byte, len(raw))
		for i, v := range raw {
			row[i] = bytes.Clone(v)
		}
		ins.rows = append(ins.rows, row)
	}
	return ins, rows.Err()
}
