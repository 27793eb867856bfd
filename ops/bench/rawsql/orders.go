package rawsql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

// Names of prepared statements.
const (
	begin  = "raw_begin"
	commit = "raw_commit"
)

var binary = []int16{1} // the format code of all parameters

// Repeat writes a footprint's rows count times into copies of the tables: each time as one transaction, one statement for each table,
// pipelined in one round trip, on all connections. Each repetition takes an account name of its own, so that all keys are new.
func (l *Lab) Repeat(ctx context.Context, f Footprint, count int) (load.Result, error) {
	targets, err := l.prepareCopies(ctx, f)
	if err != nil {
		return load.Result{}, err
	}
	for _, conn := range l.conns {
		if err := prepareWrites(ctx, conn, f); err != nil {
			return load.Result{}, err
		}
	}
	return load.Run(ctx, load.Plan{Clients: len(l.conns), Count: count}, func(ctx context.Context, client, i int) error {
		return l.repeatOnce(ctx, l.conns[client].PgConn(), f, targets, fmt.Sprintf("R%08d", i))
	})
}

// prepareCopies makes the copies; those that are updated are filled. The result lists, for each update, the ids to choose from.
func (l *Lab) prepareCopies(ctx context.Context, f Footprint) ([][][]byte, error) {
	for _, i := range f.Inserts {
		if err := l.copyTable(ctx, i.table); err != nil {
			return nil, err
		}
	}
	var targets [][][]byte
	for _, u := range f.Updates {
		if !slices.ContainsFunc(f.Inserts, func(i insert) bool { return i.table == u.table }) {
			if err := l.copyTable(ctx, u.table); err != nil {
				return nil, err
			}
		}
		if err := l.fillTable(ctx, u.table); err != nil {
			return nil, err
		}
		ids, err := l.ids(ctx, u.table)
		if err != nil {
			return nil, err
		}
		targets = append(targets, ids)
	}
	return targets, nil
}

func (l *Lab) ids(ctx context.Context, table string) ([][]byte, error) {
	rows, err := l.conns[0].Query(ctx, "SELECT id FROM "+schema+"."+pgx.Identifier{table}.Sanitize()+" ORDER BY id", pgx.QueryResultFormats{1})
	if err != nil {
		return nil, fmt.Errorf("list ids of %s: %w", table, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]byte, error) {
		return slices.Clone(row.RawValues()[0]), nil
	})
}

func prepareWrites(ctx context.Context, conn *pgx.Conn, f Footprint) error {
	statements := map[string]string{begin: "BEGIN", commit: "COMMIT"}
	for _, i := range f.Inserts {
		statements["insert_"+i.table] = i.sql()
	}
	for _, u := range f.Updates {
		statements["update_"+u.table] = u.sql()
	}
	for name, sql := range statements {
		if err := conn.Deallocate(ctx, name); err != nil {
			return fmt.Errorf("forget %s: %w", name, err)
		}
		if _, err := conn.Prepare(ctx, name, sql); err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
	}
	return nil
}

// sql is one INSERT of all rows.
func (i insert) sql() string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s.%s (%s) VALUES ", schema, pgx.Identifier{i.table}.Sanitize(), strings.Join(i.columns, ", "))
	n := 0
	for r := range i.rows {
		for c := range i.columns {
			n++
			switch {
			case c > 0:
				fmt.Fprintf(&b, ", $%d", n)
			case r > 0:
				fmt.Fprintf(&b, "), ($%d", n)
			default:
				fmt.Fprintf(&b, "($%d", n)
			}
		}
	}
	b.WriteString(")")
	return b.String()
}

// sql is one UPDATE of as many rows as the footprint changed, by their keys.
func (u update) sql() string {
	set := "updated_on = now()"
	if u.figure != "" {
		set += fmt.Sprintf(", %s = %s - 1", u.figure, u.figure)
	}
	places := make([]string, u.rows)
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+2)
	}
	return fmt.Sprintf("UPDATE %s.%s SET %s WHERE account_id = $1 AND id IN (%s)", schema, pgx.Identifier{u.table}.Sanitize(), set, strings.Join(places, ", "))
}

func (l *Lab) repeatOnce(ctx context.Context, conn *pgconn.PgConn, f Footprint, targets [][][]byte, account string) error {
	p := conn.StartPipeline(ctx)
	p.SendQueryPrepared(begin, nil, nil, nil)
	for _, i := range f.Inserts {
		values := make([][]byte, 0, len(i.rows)*len(i.columns))
		for _, row := range i.rows {
			values = append(values, row...)
			values[len(values)-len(row)+i.account] = []byte(account)
		}
		p.SendQueryPrepared("insert_"+i.table, values, binary, nil)
	}
	for k, u := range f.Updates {
		p.SendQueryPrepared("update_"+u.table, append([][]byte{[]byte(l.account)}, choose(targets[k], u.rows)...), binary, nil)
	}
	p.SendQueryPrepared(commit, nil, nil, nil)
	if err := p.Sync(); err != nil {
		return fmt.Errorf("send a transaction: %w", err)
	}
	for {
		result, err := p.GetResults()
		if err != nil {
			return fmt.Errorf("write the rows of %s: %w", account, err)
		}
		switch r := result.(type) {
		case *pgconn.ResultReader:
			if _, err := r.Close(); err != nil {
				return fmt.Errorf("write the rows of %s: %w", account, err)
			}
		case *pgconn.PipelineSync:
			return p.Close()
		}
	}
}

// choose picks n different ids that lie together in key order from a random place on: neighbours are never locked in opposite orders.
func choose(ids [][]byte, n int) [][]byte {
	n = min(n, len(ids))
	start := 0
	if len(ids) > n {
		start = rand.IntN(len(ids) - n)
	}
	return ids[start : start+n]
}
