// Package repeats is the store's part for requests that come again. A client sends a request again whose answer it did not get, though it may have
// been carried out. Whatever makes something for a request takes the request's key in the same transaction: of two that take one key the second
// waits for the first, and fails if that one commits. Then it finds what the first made.
package repeats

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// How long a request is known again: by what it says, and by an id that its caller gave it.
const (
	Window = 10 * time.Minute
	ByID   = 30 * 24 * time.Hour
)

// ErrRepeated says that a request with this key has made something already.
var ErrRepeated = errors.New("repeats: the request was carried out before")

// Key names a request among those of an account. The empty one names none: what takes it is never a repeat.
type Key string

// KeyOf makes the key of a request out of all that tells it from others. Parts are told apart by their lengths as well.
func KeyOf(content []byte, parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		_, _ = h.Write(append(length[:], p...)) // a hash never fails
	}
	_, _ = h.Write(content)
	return Key(h.Sum(nil)[:16])
}

// Request is one that may come again.
type Request struct {
	Key   Key
	Known time.Duration // how long it is known again: Window or ByID
	// Instead is what an earlier request of the same key made and is not to be the answer any more; empty: there is nothing.
	Instead string
}

// The division fails where the key is taken, so that the COMMIT in the same round trip comes to nothing.
const (
	sqlTake = `WITH taken AS (INSERT INTO repeats (account_id, key, made, ends_on) VALUES ($1, $2, $3, now() + $4 * INTERVAL '1 second')
ON CONFLICT (account_id, key) DO UPDATE SET made = excluded.made, ends_on = excluded.ends_on WHERE repeats.ends_on <= now() OR repeats.made = $5 RETURNING 1)
SELECT 1 / count(*) FROM taken`
	sqlFind  = `SELECT made FROM repeats WHERE account_id = $1 AND key = $2 AND ends_on > now()`
	sqlPurge = `DELETE FROM repeats WHERE account_id = $1 AND key IN (
	SELECT r.key FROM repeats r WHERE r.account_id = $1 AND r.ends_on < now() - $2 * INTERVAL '1 second' ORDER BY r.ends_on LIMIT $3)`
)

// Take makes the transaction fail with ErrRepeated, before it writes anything else, if the request made something before. Otherwise the request has
// made what is named, once the transaction commits.
func Take(tx *store.Tx, r Request, made string) {
	if r.Key == "" {
		return
	}
	tx.Require(store.Statement{Name: "repeats.take", SQL: sqlTake, Fail: store.OnDivision(ErrRepeated),
		Args: tx.Args([]byte(r.Key), made, r.Known.Seconds(), r.Instead)})
}

// Finding is the statement that finds what a request has made, to be sent with others; none for a request without a key. to stays empty where that is
// nothing, or no more the answer.
func (r Request) Finding(reader *store.Reader, to *string) []store.Statement {
	if r.Key == "" {
		return nil
	}
	return []store.Statement{{Name: "repeats.find", SQL: sqlFind, Args: reader.Args([]byte(r.Key)), Steady: true, Rows: func(rows pgx.Rows) error {
		*to = ""
		for rows.Next() {
			if err := rows.Scan(to); err != nil {
				return err
			}
		}
		if *to == r.Instead {
			*to = ""
		}
		return rows.Err()
	}}}
}

// Find finds what a request has made; empty for nothing.
func Find(ctx context.Context, reader *store.Reader, r Request) (made string, err error) {
	if r.Key == "" {
		return "", nil
	}
	err = reader.Send(ctx, r.Finding(reader, &made)...)
	return made, err
}

// Purge forgets at most limit requests that have not been known for longer than an age, and tells how many.
func Purge(ctx context.Context, db *store.DB, scope tenancy.Scope, age time.Duration, limit int) (removed int, err error) {
	w := db.Autocommit(scope)
	err = w.Send(ctx, store.Statement{Name: "repeats.purge", SQL: sqlPurge, Args: w.Args(age.Seconds(), limit), Done: func(rows int64) error {
		removed = int(rows)
		return nil
	}})
	return removed, err
}
