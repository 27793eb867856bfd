// Package access is the store's part for who may come in: keys of the environment, tokens that are worth nothing any more, and failed attempts
// to sign in.
package access

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Revocations are read by index on revoked_on.
const (
	sqlTokenRevoke = `INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ($1, $2, now(), $3) ON CONFLICT DO NOTHING`
	sqlTokenSpend  = `INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on)
SELECT $1, $2, now(), $3::TIMESTAMPTZ WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE account_id = $1 AND token_id = $4) ON CONFLICT DO NOTHING RETURNING token_id`
	sqlTokenSince  = `SELECT account_id, token_id, revoked_on, expires_on FROM revoked_tokens WHERE revoked_on >= $1 AND expires_on > now() - $2 * INTERVAL '1 second'`
	sqlTokenForget = `DELETE FROM revoked_tokens WHERE expires_on < $1`
)

// RevokedToken is a token that must not be accepted any more, until it expires by itself.
type RevokedToken struct {
	Account   tenancy.AccountID
	TokenID   string // its jti
	RevokedOn time.Time
	ExpiresOn time.Time
}

// RevokeToken makes a token of the scope's account worthless. Revoking it again changes nothing.
func RevokeToken(ctx context.Context, db *store.DB, scope tenancy.Scope, tokenID string, expires time.Time) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "tokens.revoke", SQL: sqlTokenRevoke, Args: w.Args(tokenID, expires)})
}

// Spent is a token that works once.
type Spent struct {
	TokenID   string
	Family    string // a revocation of this id makes the token worthless, too
	ExpiresOn time.Time
}

// SpendToken makes a token that works once worthless and reports whether it was worth something. When the answer of the database was
// lost the token counts as spent.
func SpendToken(ctx context.Context, db *store.DB, scope tenancy.Scope, t Spent) (first bool, err error) {
	w := db.Autocommit(scope)
	err = w.Send(ctx, store.Statement{Name: "tokens.spend", SQL: sqlTokenSpend, Args: w.Args(t.TokenID, t.ExpiresOn, t.Family),
		Rows: func(rows pgx.Rows) error { first = rows.Next(); return rows.Err() }})
	return first, err
}

// RevokedTokens lists, for all accounts, what was revoked at or after a time and has not expired, or no longer ago than the leeway with which
// tokens are taken. A revocation shows only when it is committed, so callers that poll ask again for the last few seconds each time.
func RevokedTokens(ctx context.Context, db *store.DB, since time.Time) (out []RevokedToken, err error) {
	err = db.Environment().Send(ctx, store.Statement{Name: "tokens.since", SQL: sqlTokenSince, Args: store.Unscoped(since, token.Leeway.Seconds()), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[RevokedToken])
		return err
	}})
	return out, err
}

// ForgetTokens drops revocations of tokens that expired before a time.
func ForgetTokens(ctx context.Context, db *store.DB, before time.Time) error {
	return db.AutocommitEnvironment().Send(ctx, store.Statement{Name: "tokens.forget", SQL: sqlTokenForget, Args: store.Unscoped(before)})
}
