package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/tenancy"
)

// Revocations are read by index on revoked_on; keys are few.
const (
	sqlTokenRevoke = `INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ($1, $2, now(), $3) ON CONFLICT DO NOTHING`
	sqlTokenSpend  = `INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on)
SELECT $1, $2, now(), $3::TIMESTAMPTZ WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE account_id = $1 AND token_id = $4) ON CONFLICT DO NOTHING RETURNING token_id`
	sqlTokenSince  = `SELECT account_id, token_id, revoked_on, expires_on FROM revoked_tokens WHERE revoked_on >= $1 AND expires_on > now() - $2 * INTERVAL '1 second'`
	sqlTokenForget = `DELETE FROM revoked_tokens WHERE expires_on < $1`
	sqlKeyAdd      = `INSERT INTO environment_keys (key_id, public_key, private_key, created_on, expires_on) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	sqlKeyList     = `SELECT key_id, public_key, private_key, created_on, expires_on FROM environment_keys ORDER BY created_on, key_id`
	sqlKeyForget   = `DELETE FROM environment_keys WHERE expires_on < $1`
)

// RevokedToken is a token that must not be accepted any more, until it expires by itself.
type RevokedToken struct {
	Account   tenancy.AccountID
	TokenID   string // its jti
	RevokedOn time.Time
	ExpiresOn time.Time
}

// RevokeToken makes a token of the scope's account worthless. Revoking it again changes nothing.
func (db *DB) RevokeToken(ctx context.Context, scope tenancy.Scope, tokenID string, expires time.Time) error {
	if scope.Account() == "" {
		return errNoAccount
	}
	return db.sendWrite(ctx, scope.Account(), []call{{name: "tokens.revoke", sql: sqlTokenRevoke, args: []any{string(scope.Account()), tokenID, expires}}})
}

// Spent is a token that works once.
type Spent struct {
	TokenID   string
	Family    string // a revocation of this id makes the token worthless, too
	ExpiresOn time.Time
}

// SpendToken makes a token that works once worthless and reports whether it was worth something. When the answer of the database was
// lost the token counts as spent.
func (db *DB) SpendToken(ctx context.Context, scope tenancy.Scope, t Spent) (first bool, err error) {
	if scope.Account() == "" {
		return false, errNoAccount
	}
	err = db.sendWrite(ctx, scope.Account(), []call{{
		name: "tokens.spend", sql: sqlTokenSpend, args: []any{string(scope.Account()), t.TokenID, t.ExpiresOn, t.Family},
		rows: func(rows pgx.Rows) error { first = rows.Next(); return rows.Err() },
	}})
	return first, err
}

// RevokedTokens lists, for all accounts, what was revoked at or after a time and has not expired, or no longer ago than the leeway with which
// tokens are taken. A revocation shows only when it is
// committed, so callers that poll ask again for the last few seconds each time.
func (db *DB) RevokedTokens(ctx context.Context, since time.Time) (out []RevokedToken, err error) {
	err = db.sendRead(ctx, []call{{name: "tokens.since", sql: sqlTokenSince, args: []any{since, token.Leeway.Seconds()}, rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[RevokedToken])
		return err
	}}})
	return out, err
}

// ForgetTokens drops revocations of tokens that expired before a time.
func (db *DB) ForgetTokens(ctx context.Context, before time.Time) error {
	return db.sendWrite(ctx, everyAccount, []call{{name: "tokens.forget", sql: sqlTokenForget, args: []any{before}}})
}

// EnvironmentKey is a key pair with which the environment's nodes sign tenants' tokens.
type EnvironmentKey struct {
	ID        string
	Public    []byte
	Private   []byte
	CreatedOn time.Time
	ExpiresOn time.Time // from then on nothing that it signed is valid
}

// EnvironmentKeys lists the keys, oldest first.
func (db *DB) EnvironmentKeys(ctx context.Context) (out []EnvironmentKey, err error) {
	err = db.sendRead(ctx, []call{{name: "environment_keys.list", sql: sqlKeyList, rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[EnvironmentKey])
		return err
	}}})
	return out, err
}

// AddEnvironmentKey adds a key; one of the same id stays as it is.
func (db *DB) AddEnvironmentKey(ctx context.Context, k EnvironmentKey) error {
	return db.sendWrite(ctx, everyAccount, []call{{name: "environment_keys.add", sql: sqlKeyAdd, args: []any{k.ID, k.Public, k.Private, k.CreatedOn, k.ExpiresOn}}})
}

// EnsureEnvironmentKey adds the key that fresh makes unless there is one that is valid until after a time, and returns all keys. Two nodes that start
// together end up with the same keys.
func (db *DB) EnsureEnvironmentKey(ctx context.Context, validAfter time.Time, fresh func() (EnvironmentKey, error)) (keys []EnvironmentKey, err error) {
	err = db.writeEnvironment(ctx, db.writers, func(tx *Tx) error {
		list := call{name: "environment_keys.list", sql: sqlKeyList, rows: func(rows pgx.Rows) (err error) {
			keys, err = pgx.CollectRows(rows, pgx.RowToStructByPos[EnvironmentKey])
			return err
		}}
		if err := tx.conn.send(ctx, []call{list}); err != nil {
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
		tx.queue(call{name: "environment_keys.add", sql: sqlKeyAdd, args: []any{k.ID, k.Public, k.Private, k.CreatedOn, k.ExpiresOn}})
		return nil
	})
	return keys, err
}

// ForgetEnvironmentKeys drops keys that expired before a time.
func (db *DB) ForgetEnvironmentKeys(ctx context.Context, before time.Time) error {
	return db.sendWrite(ctx, everyAccount, []call{{name: "environment_keys.forget", sql: sqlKeyForget, args: []any{before}}})
}
