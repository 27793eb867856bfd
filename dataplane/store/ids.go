package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store/numbers"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// sqlIDBlocks takes blocks of several tables of an account. A block begins at the number given as rest, if nobody has had a number since the
// one given as until was next. It commits by itself: numbers of failed writes are lost.
const sqlIDBlocks = `INSERT INTO id_blocks (account_id, kind, next_id) SELECT $1, w.kind, w.size + 1 FROM unnest($2::TEXT[], $3::INT8[]) AS w (kind, size)
ON CONFLICT (account_id, kind) DO UPDATE SET next_id = excluded.next_id - 1 + CASE
	WHEN id_blocks.next_id = ($5::INT8[])[array_position($2::TEXT[], id_blocks.kind)] THEN ($4::INT8[])[array_position($2::TEXT[], id_blocks.kind)]
	ELSE id_blocks.next_id END
RETURNING kind, next_id`

// sqlIDFloor moves the numbers of a table past one that was given from outside.
const sqlIDFloor = `INSERT INTO id_blocks (account_id, kind, next_id) VALUES ($1, $2, $3::INT8 + 1)
ON CONFLICT (account_id, kind) DO UPDATE SET next_id = greatest(id_blocks.next_id, $3::INT8 + 1)`

// fillNumbers takes blocks of numbers: see numbers.Fill. A table's name is its kind.
func (db *DB) fillNumbers(ctx context.Context, account tenancy.AccountID, asks []numbers.Ask) (map[string]int64, error) {
	kinds, sizes, rests, untils := make([]string, len(asks)), make([]int64, len(asks)), make([]int64, len(asks)), make([]int64, len(asks))
	for i, a := range asks {
		kinds[i], sizes[i], rests[i], untils[i] = a.Kind, a.Size, a.Rest, a.Until
	}
	var ends map[string]int64
	err := db.sendWrite(ctx, account, []call{{name: "id_blocks.take", sql: sqlIDBlocks, args: []any{string(account), kinds, sizes, rests, untils}, rows: func(rows pgx.Rows) error {
		ends = make(map[string]int64, len(asks))
		for rows.Next() {
			var kind string
			var next int64
			if err := rows.Scan(&kind, &next); err != nil {
				return err
			}
			if next <= math.MaxInt32 {
				ends[kind] = next
			}
		}
		return rows.Err()
	}}})
	return ends, err
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
	ids, err := db.NewIDsOf(ctx, scope, map[*catalogue.Type]int{typ: n})
	return ids[typ], err
}

// NewIDsOf allots ids of several types, so many of each. It costs one round trip at most, however many types there are.
func (db *DB) NewIDsOf(ctx context.Context, scope tenancy.Scope, want map[*catalogue.Type]int) (map[*catalogue.Type][]catalogue.ID, error) {
	if scope.Account() == "" {
		return nil, errNoAccount
	}
	counts := map[string]int64{}
	for typ, n := range want {
		if _, err := db.model(typ); err != nil {
			return nil, err
		}
		if typ.IDKind != catalogue.UUID && n > 0 {
			counts[typ.Table] += int64(n)
		}
	}
	next := map[string]int64{}
	if len(counts) > 0 {
		var err error
		if next, err = db.numbers.Take(ctx, db.fillNumbers, scope.Account(), counts); err != nil {
			return nil, err
		}
	}
	out := make(map[*catalogue.Type][]catalogue.ID, len(want))
	for typ, n := range want {
		ids := make([]catalogue.ID, n)
		for i := range ids {
			if typ.IDKind == catalogue.UUID {
				ids[i] = db.NewUUID()
				continue
			}
			ids[i] = catalogue.ID(strconv.FormatInt(next[typ.Table], 10))
			next[typ.Table]++
		}
		out[typ] = ids
	}
	return out, nil
}

// NewNumber allots the number of a row that is no entity, in a table of a part.
func (db *DB) NewNumber(ctx context.Context, scope tenancy.Scope, table string) (catalogue.ID, error) {
	if scope.Account() == "" {
		return "", errNoAccount
	}
	first, err := db.numbers.Take(ctx, db.fillNumbers, scope.Account(), map[string]int64{table: 1})
	if err != nil {
		return "", err
	}
	return catalogue.ID(strconv.FormatInt(first[table], 10)), nil
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

// Shards is how many ranges of ids NewUUID spreads new rows over.
const Shards = 16

// FirstUUID is the lowest id that NewUUID could make in a shard at a time.
func FirstUUID(shard byte, at time.Time) string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], uint64(shard)<<60|(uint64(max(at.UnixMilli(), 0))>>4)<<16)
	return string(formatUUID(u))
}

// IsUUID reports whether a caller's text can be an id that NewUUID made.
func IsUUID(s string) bool {
	_, ok := parseUUID(catalogue.ID(s))
	return ok
}
