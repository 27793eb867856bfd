package access

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// An account has one provider at most; who it knew as whom is found by primary key.
const (
	sqlSealingKeep = `INSERT INTO sealing_keys (key_id, secret, created_on) VALUES ($1, $2, now()) ON CONFLICT (key_id) DO UPDATE SET secret = excluded.secret`
	sqlSealingList = `SELECT key_id, secret FROM sealing_keys ORDER BY created_on, key_id`

	sqlProvider       = `SELECT config::text, secret, changed_by, changed_on FROM identity_providers WHERE account_id = $1`
	sqlProviderSet    = `INSERT INTO identity_providers (account_id, config, secret, changed_by, changed_on) VALUES ($1, $2::jsonb, $3, $4, now()) ON CONFLICT (account_id) DO UPDATE SET config = excluded.config, secret = excluded.secret, changed_by = excluded.changed_by, changed_on = excluded.changed_on`
	sqlProviderRemove = `DELETE FROM identity_providers WHERE account_id = $1`

	sqlLink    = `SELECT user_id FROM sign_on_links WHERE account_id = $1 AND issuer = $2 AND subject = $3`
	sqlLinked  = `SELECT subject FROM sign_on_links WHERE account_id = $1 AND issuer = $2 AND user_id = $3`
	sqlLinkAdd = `INSERT INTO sign_on_links (account_id, issuer, subject, user_id, linked_on) VALUES ($1, $2, $3, $4, now())`
)

// SealingKey is a key by which the environment's nodes seal what they keep or give away; its secret may be sealed itself.
type SealingKey struct {
	ID     string
	Secret []byte
}

// KeepSealingKeys reads all keys, the oldest first, and keeps those that decide adds or changes. It may be asked more than once. Nodes that start together
// end up with the same.
func KeepSealingKeys(ctx context.Context, db *store.DB, decide func(kept []SealingKey) (changed []SealingKey, err error)) error {
	return db.WriteEnvironment(ctx, func(tx *store.Tx) error {
		kept, err := sealingKeys(ctx, tx.Reader)
		if err != nil {
			return err
		}
		changed, err := decide(kept)
		for _, k := range changed {
			tx.Queue(store.Statement{Name: "sealing_keys.keep", SQL: sqlSealingKeep, Args: store.Unscoped(k.ID, k.Secret)})
		}
		return err
	})
}

func sealingKeys(ctx context.Context, r *store.Reader) (out []SealingKey, err error) {
	err = r.Send(ctx, store.Statement{Name: "sealing_keys.list", SQL: sqlSealingList, Args: store.Unscoped(), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SealingKey])
		return err
	}})
	return out, err
}

// Provider is where an account's people sign in, as it is kept.
type Provider struct {
	Config    string // JSON
	Secret    string // sealed
	ChangedBy string // a user's name
	ChangedOn time.Time
}

// ProviderOf reads the provider of the reader's account; nil: it has none.
func ProviderOf(ctx context.Context, r *store.Reader) (p *Provider, err error) {
	err = r.Send(ctx, store.Statement{Name: "identity_providers.get", SQL: sqlProvider, Args: r.Args(), Steady: true, Rows: func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Provider])
		if p = nil; len(found) > 0 {
			p = found[0]
		}
		return err
	}})
	return p, err
}

// SetProvider gives the scope's account a provider, in the place of the one that it has.
func SetProvider(ctx context.Context, db *store.DB, scope tenancy.Scope, p Provider) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "identity_providers.set", SQL: sqlProviderSet, Args: w.Args(p.Config, p.Secret, p.ChangedBy)})
}

// RemoveProvider takes the scope's account its provider away. Whom it knew as whom stays known.
func RemoveProvider(ctx context.Context, db *store.DB, scope tenancy.Scope) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "identity_providers.remove", SQL: sqlProviderRemove, Args: w.Args()})
}

// Link says which user somebody is whom a provider knows.
type Link struct {
	Issuer  string
	Subject string
	UserID  catalogue.ID
}

// LinkOf finds the user that somebody at an issuer is; empty: none.
func LinkOf(ctx context.Context, r *store.Reader, issuer, subject string) (catalogue.ID, error) {
	id, err := one(ctx, r, store.Statement{Name: "sign_on_links.user", SQL: sqlLink, Args: r.Args(issuer, subject), Steady: true})
	return catalogue.ID(id), err
}

// LinkedTo finds whom at an issuer a user is; empty: nobody.
func LinkedTo(ctx context.Context, r *store.Reader, issuer string, user catalogue.ID) (string, error) {
	return one(ctx, r, store.Statement{Name: "sign_on_links.subject", SQL: sqlLinked, Args: r.Args(issuer, string(user)), Steady: true})
}

func one(ctx context.Context, r *store.Reader, s store.Statement) (text string, err error) {
	s.Rows = func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if text = ""; len(found) > 0 {
			text = found[0]
		}
		return err
	}
	return text, r.Send(ctx, s)
}

// AddLink keeps a link. Where either end has another one already the transaction fails.
func AddLink(tx *store.Tx, l Link) {
	tx.Queue(store.Statement{Name: "sign_on_links.add", SQL: sqlLinkAdd, Args: tx.Args(l.Issuer, l.Subject, string(l.UserID))})
}
