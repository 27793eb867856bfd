package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Blocks of numbers begin small, so that quiet accounts keep small ids, and grow with use, so that loads seldom ask.
const (
	firstBlock = 10
	maxBlock   = 1000
)

// One row per account and table, moved on by a whole block. It commits by itself: numbers of failed writes are lost.
const sqlIDBlock = `INSERT INTO id_blocks (account_id, kind, next_id) VALUES ($1, $2, $3::INT8 + 1)
ON CONFLICT (account_id, kind) DO UPDATE SET next_id = id_blocks.next_id + $3::INT8 RETURNING next_id`

// sqlIDFloor moves the numbers of a table past one that was given from outside.
const sqlIDFloor = `INSERT INTO id_blocks (account_id, kind, next_id) VALUES ($1, $2, $3::INT8 + 1)
ON CONFLICT (account_id, kind) DO UPDATE SET next_id = greatest(id_blocks.next_id, $3::INT8 + 1)`

type blockKey struct {
	account tenancy.AccountID
	table   string
}

// idBlocks are the numbers that this node may give out without asking.
type idBlocks struct {
	mu    sync.Mutex
	byKey map[blockKey]*idBlock
}

type idBlock struct {
	mu   sync.Mutex
	next int64
	end  int64 // first number that is not ours
	size int64 // of the last block
}

func (b *idBlocks) block(key blockKey) *idBlock {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byKey[key] == nil {
		b.byKey[key] = &idBlock{}
	}
	return b.byKey[key]
}

// NewID allots the id of a new entity. Ids of writes that fail are lost.
func (db *DB) NewID(ctx context.Context, scope tenancy.Scope, typ *catalogue.Type) (catalogue.ID, error) {
	ids, err := db.NewIDs(ctx, scope, typ, 1)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// NewIDs allots n ids. Numbers come from the node's block for the account and the type's table; most calls need no round trip.
func (db *DB) NewIDs(ctx context.Context, scope tenancy.Scope, typ *catalogue.Type, n int) ([]catalogue.ID, error) {
	if scope.Account() == "" {
		return nil, errNoAccount
	}
	if _, err := db.model(typ); err != nil {
		return nil, err
	}
	ids := make([]catalogue.ID, n)
	if typ.IDKind == catalogue.UUID {
		for i := range ids {
			ids[i] = db.NewUUID()
		}
		return ids, nil
	}
	return ids, db.numbers(ctx, blockKey{scope.Account(), typ.Table}, func(i int, number int64) {
		ids[i] = catalogue.ID(strconv.FormatInt(number, 10))
	}, n)
}

// numbers hands out n numbers of a counter.
func (db *DB) numbers(ctx context.Context, key blockKey, take func(i int, number int64), n int) error {
	b := db.ids.block(key)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range n {
		if b.next >= b.end {
			if err := db.refill(ctx, key, b, int64(n-i)); err != nil {
				return err
			}
		}
		take(i, b.next)
		b.next++
	}
	return nil
}

func (db *DB) refill(ctx context.Context, key blockKey, b *idBlock, want int64) error {
	size := max(min(b.size*2, maxBlock), firstBlock, want)
	var next int64
	err := db.sendWrite(ctx, key.account, []call{{name: "id_blocks.take", sql: sqlIDBlock, args: []any{string(key.account), key.table, size}, rows: func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&next); err != nil {
				return err
			}
		}
		return rows.Err()
	}}})
	if err != nil {
		return err
	}
	if next > math.MaxInt32 {
		return usedUp(key.account, key.table)
	}
	b.next, b.end, b.size = next-size, next, size
	return nil
}

// sqlIDBlocks is sqlIDBlock for many tables of an account at once.
const sqlIDBlocks = `INSERT INTO id_blocks (account_id, kind, next_id) SELECT $1, w.kind, w.size + 1 FROM unnest($2::TEXT[], $3::INT8[]) AS w (kind, size)
ON CONFLICT (account_id, kind) DO UPDATE SET next_id = id_blocks.next_id + excluded.next_id - 1 RETURNING kind, next_id`

// NewIDsOf allots ids of several types, so many of each. It costs one round trip at most, however many types there are.
func (db *DB) NewIDsOf(ctx context.Context, scope tenancy.Scope, want map[*catalogue.Type]int) (map[*catalogue.Type][]catalogue.ID, error) {
	if scope.Account() == "" {
		return nil, errNoAccount
	}
	short := map[string]int64{}
	for typ, n := range want {
		if typ.IDKind != catalogue.UUID {
			short[typ.Table] += int64(n)
		}
	}
	blocks := map[string]*idBlock{}
	for _, table := range slices.Sorted(maps.Keys(short)) { // in one order, so that two callers never wait for each other
		b := db.ids.block(blockKey{scope.Account(), table})
		b.mu.Lock()
		defer b.mu.Unlock()
		if blocks[table] = b; b.end-b.next >= short[table] {
			delete(short, table)
		}
	}
	if err := db.refillAll(ctx, scope.Account(), blocks, short); err != nil {
		return nil, err
	}
	out := make(map[*catalogue.Type][]catalogue.ID, len(want))
	for typ, n := range want {
		for range n {
			if typ.IDKind == catalogue.UUID {
				out[typ] = append(out[typ], db.NewUUID())
				continue
			}
			b := blocks[typ.Table]
			out[typ] = append(out[typ], catalogue.ID(strconv.FormatInt(b.next, 10)))
			b.next++
		}
	}
	return out, nil
}

// refillAll gives the tables that are short of numbers new blocks. The caller has locked the blocks.
func (db *DB) refillAll(ctx context.Context, account tenancy.AccountID, blocks map[string]*idBlock, short map[string]int64) error {
	if len(short) == 0 {
		return nil
	}
	kinds := slices.Sorted(maps.Keys(short))
	sizes := make([]int64, len(kinds))
	for i, table := range kinds {
		sizes[i] = max(min(blocks[table].size*2, maxBlock), firstBlock, short[table])
	}
	ends := map[string]int64{}
	err := db.sendWrite(ctx, account, []call{{name: "id_blocks.take", sql: sqlIDBlocks, args: []any{string(account), kinds, sizes}, rows: func(rows pgx.Rows) error {
		for rows.Next() {
			var kind string
			var next int64
			if err := rows.Scan(&kind, &next); err != nil {
				return err
			}
			ends[kind] = next
		}
		return rows.Err()
	}}})
	if err != nil {
		return err
	}
	for i, table := range kinds {
		next := ends[table]
		if next > math.MaxInt32 {
			return usedUp(account, table)
		}
		b := blocks[table]
		b.next, b.end, b.size = next-sizes[i], next, sizes[i]
	}
	return nil
}

// usedUp says that there are no more numbers.
func usedUp(account tenancy.AccountID, table string) error {
	return fault.New(fault.Limited, "the account has used up the numbers for %s", table).
		With("limit", "ids").With("scope", string(account)).With("figure", strconv.Itoa(math.MaxInt32))
}

// ReserveIDs makes sure that numbers up to and including upTo, which were given to entities of the type from outside (a retailer's number
// comes from the control plane), are never allotted. Call it before the account's first entity of the type is made.
func (db *DB) ReserveIDs(ctx context.Context, scope tenancy.Scope, typ *catalogue.Type, upTo int64) error {
	if scope.Account() == "" {
		return errNoAccount
	}
	return db.sendWrite(ctx, scope.Account(), []call{{name: "id_blocks.floor", sql: sqlIDFloor, args: []any{string(scope.Account()), typ.Table, upTo}}})
}

// NewUUID makes an id of version 8: four random shard bits, so that new rows append at sixteen places of the key space, then the milliseconds
// since 1970 (48 bits, split by the version's place), then randomness.
func (db *DB) NewUUID() catalogue.ID {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	shard := uint64(u[0] & 0xf0)
	milliseconds := uint64(db.clock.now().UnixMilli()) & (1<<48 - 1)
	// shard (4) | time (44 high bits) | version (4) | time (4 low bits) | random
	high := shard<<56 | (milliseconds>>4)<<16 | 0x8000 | (milliseconds&0xf)<<8 | uint64(u[7])
	binary.BigEndian.PutUint64(u[:8], high)
	u[8] = u[8]&0x3f | 0x80 // variant
	return formatUUID(u)
}
