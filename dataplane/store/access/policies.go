package access

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Versions of an account's policy are found by primary key, and what is new of all accounts by index on created_on.
const (
	sqlPolicyKeep = `INSERT INTO access_policies (account_id, version, body, comment, author, created_on)
SELECT $1, coalesce(max(p.version), 0) + 1, $2::TEXT, $3::TEXT, $4::TEXT, $5::TIMESTAMPTZ FROM access_policies p WHERE p.account_id = $1 RETURNING version`
	sqlPolicyList  = `SELECT account_id, version, body, comment, author, created_on FROM access_policies WHERE account_id = $1 ORDER BY version DESC LIMIT $2`
	sqlPolicySince = `SELECT p.account_id, p.version, p.body, p.comment, p.author, p.created_on FROM access_policies p WHERE p.created_on >= $1
AND p.version = (SELECT max(n.version) FROM access_policies n WHERE n.account_id = p.account_id)`
)

// Policy is one version of what an account takes away from its roles.
type Policy struct {
	Account   tenancy.AccountID
	Version   int
	Body      string // Rego; empty: it takes nothing away
	Comment   string
	Author    string
	CreatedOn time.Time
}

// KeepPolicy keeps a new version of the policy of the scope's account, which is in force from now on, and returns it with its number and its time.
// Two at once get numbers one after the other.
func KeepPolicy(ctx context.Context, db *store.DB, scope tenancy.Scope, p Policy) (Policy, error) {
	err := db.Write(ctx, scope, func(tx *store.Tx) error {
		p.CreatedOn = tx.Now().Truncate(time.Microsecond) // as the database keeps it
		return tx.Send(ctx, store.Statement{Name: "policies.keep", SQL: sqlPolicyKeep, Args: tx.Args(p.Body, p.Comment, p.Author, p.CreatedOn), Rows: func(rows pgx.Rows) (err error) {
			p.Version, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
			return err
		}})
	})
	return p, err
}

// Policies lists the newest versions of the policy of the scope's account, newest first.
func Policies(ctx context.Context, r *store.Reader, most int) (out []Policy, err error) {
	return collectPolicies(ctx, r, store.Statement{Name: "policies.list", SQL: sqlPolicyList, Args: r.Args(int64(most))})
}

// PoliciesSince lists, for all accounts, the versions in force that were kept at or after a time. A version shows only when it is committed, so
// callers that poll ask again for the last few seconds each time.
func PoliciesSince(ctx context.Context, db *store.DB, since time.Time) ([]Policy, error) {
	return collectPolicies(ctx, db.Environment(), store.Statement{Name: "policies.since", SQL: sqlPolicySince, Args: store.Unscoped(since)})
}

func collectPolicies(ctx context.Context, r *store.Reader, s store.Statement) (out []Policy, err error) {
	s.Rows = func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Policy])
		return err
	}
	return out, r.Send(ctx, s)
}
