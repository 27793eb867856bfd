package access

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// Keys are few.
const (
	sqlKeyAdd    = `INSERT INTO environment_keys (key_id, public_key, private_key, created_on, expires_on) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	sqlKeyList   = `SELECT key_id, public_key, private_key, created_on, expires_on FROM environment_keys ORDER BY created_on, key_id`
	sqlKeyForget = `DELETE FROM environment_keys WHERE expires_on < $1`
)

// Key is a key pair with which the environment's nodes sign tenants' tokens.
type Key struct {
	ID        string
	Public    []byte
	Private   []byte
	CreatedOn time.Time
	ExpiresOn time.Time // from then on nothing that it signed is valid
}

// Keys lists the environment's keys, oldest first.
func Keys(ctx context.Context, db *store.DB) ([]Key, error) { return listKeys(ctx, db.Environment()) }

func listKeys(ctx context.Context, r *store.Reader) (out []Key, err error) {
	err = r.Send(ctx, store.Statement{Name: "environment_keys.list", SQL: sqlKeyList, Args: store.Unscoped(), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
		return err
	}})
	return out, err
}

// AddKey adds a key; one of the same id stays as it is.
func AddKey(ctx context.Context, db *store.DB, k Key) error {
	return db.AutocommitEnvironment().Send(ctx, addKey(k))
}

func addKey(k Key) store.Statement {
	return store.Statement{Name: "environment_keys.add", SQL: sqlKeyAdd, Args: store.Unscoped(k.ID, k.Public, k.Private, k.CreatedOn, k.ExpiresOn)}
}

// EnsureKey adds the key that fresh makes unless there is one that is valid until after a time, and returns all keys. Two nodes that start
// together end up with the same keys.
func EnsureKey(ctx context.Context, db *store.DB, validAfter time.Time, fresh func() (Key, error)) (keys []Key, err error) {
	err = db.WriteEnvironment(ctx, func(tx *store.Tx) (err error) {
		if keys, err = listKeys(ctx, tx.Reader); err != nil {
			return err
		}
		for _, k := range keys {
			if k.ExpiresOn.After(validAfter) {
				return nil
			}
		}
		k, err := fresh()
		if err != nil {
			return err
		}
		keys = append(keys, k)
		tx.Queue(addKey(k))
		return nil
	})
	return keys, err
}

// ForgetKeys drops keys that expired before a time.
func ForgetKeys(ctx context.Context, db *store.DB, before time.Time) error {
	return db.AutocommitEnvironment().Send(ctx, store.Statement{Name: "environment_keys.forget", SQL: sqlKeyForget, Args: store.Unscoped(before)})
}
