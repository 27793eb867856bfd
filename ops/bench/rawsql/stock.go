package rawsql

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

// StockRow is one position of a stock load.
type StockRow struct {
	Product, Location string
	Quantity          int64
}

// stockTables are what a stock load writes.
var stockTables = []string{"inventory_positions", "inventory_quantities", "virtual_positions"}

const sqlPositions = `INSERT INTO ` + schema + `.inventory_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, location_ref, on_hand, catalogue_id)
SELECT $1, a.id, now(), now(), a.product || ':' || a.location, 'DEFAULT', 'ACTIVE', 'INVENTORY_CATALOGUE::DEFAULT', 1, a.product, a.location, a.n, 1
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int8[]) AS a (id, product, location, n)
ON CONFLICT (account_id, ref, catalogue_id) DO UPDATE SET on_hand = excluded.on_hand, updated_on = excluded.updated_on`

const sqlQuantities = `INSERT INTO ` + schema + `.inventory_quantities (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	quantity, catalogue_id, position_id)
SELECT $1, a.id, now(), now(), 'LAST_ON_HAND:' || a.product || ':' || a.location, 'LAST_ON_HAND', 'ACTIVE', 'INVENTORY_CATALOGUE::DEFAULT', 1, a.n, 1, a.position
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int8[], $6::uuid[]) AS a (id, product, location, n, position)
ON CONFLICT (account_id, ref, catalogue_id) DO UPDATE SET quantity = excluded.quantity, updated_on = excluded.updated_on`

const sqlVirtual = `INSERT INTO ` + schema + `.virtual_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, group_ref, quantity, catalogue_id)
SELECT $1, a.id, now(), now(), a.product || ':' || a.location, 'BASE', 'ACTIVE', 'VIRTUAL_CATALOGUE::BASE', 1, a.product, a.location, a.n, 1
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int8[]) AS a (id, product, location, n)
ON CONFLICT (account_id, ref, catalogue_id) DO UPDATE SET quantity = excluded.quantity, updated_on = excluded.updated_on`

// LoadStock upserts positions, quantities and virtual positions set-wise, size rows to a transaction, on one connection: all batches of
// a load concern one inventory catalogue. The copies are filled with the account's rows first.
func (l *Lab) LoadStock(ctx context.Context, rows []StockRow, size int) (time.Duration, error) {
	for _, table := range stockTables {
		if err := l.copyTable(ctx, table); err != nil {
			return 0, err
		}
		if err := l.fillTable(ctx, table); err != nil {
			return 0, err
		}
	}
	parts := (len(rows) + size - 1) / size
	result, err := load.Run(ctx, load.Plan{Clients: 1, Count: parts}, func(ctx context.Context, _, i int) error {
		return l.loadPart(ctx, rows[i*size:min((i+1)*size, len(rows))])
	})
	return result.Took, err
}

func (l *Lab) loadPart(ctx context.Context, rows []StockRow) error {
	products, locations, quantities := make([]string, len(rows)), make([]string, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		products[i], locations[i], quantities[i] = r.Product, r.Location, r.Quantity
	}
	account := "RAW"
	positions := newIDs(len(rows))
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(sqlPositions, account, positions, products, locations, quantities)
	batch.Queue(sqlQuantities, account, newIDs(len(rows)), products, locations, quantities, positions)
	batch.Queue(sqlVirtual, account, newIDs(len(rows)), products, locations, quantities)
	batch.Queue("COMMIT")
	if err := l.conns[0].SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("load %d positions: %w", len(rows), err)
	}
	return nil
}

// newIDs makes ids in the manner of the platform's: sixteen places in the key space, ascending in each.
func newIDs(n int) [][16]byte {
	ids := make([][16]byte, n)
	now := uint64(time.Now().UnixMilli())
	for i := range ids {
		_, _ = rand.Read(ids[i][:]) // never fails
		for k := range 6 {
			ids[i][k+1] = byte(now >> (40 - 8*k))
		}
		ids[i][0] &= 0xf0
	}
	return ids
}
