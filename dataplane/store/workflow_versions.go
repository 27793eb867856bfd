package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Versions of a workflow are read along the primary key. The active ones, which no row needs to name, come as arrays.
const (
	sqlVersionKeep = `INSERT INTO workflow_versions (account_id, retailer_id, name, version, sha256, comment) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	sqlVersionText = `SELECT a.body FROM workflow_versions v JOIN artefacts a ON a.account_id = v.account_id AND a.sha256 = v.sha256
WHERE v.account_id = $1 AND v.retailer_id = $2 AND v.name = $3 AND v.version = $4`
	sqlVersionList = `SELECT v.version, v.sha256, v.comment, a.created_on FROM (
SELECT version, sha256, comment FROM workflow_versions WHERE account_id = $1 AND retailer_id = $2 AND name = $3 AND version <> ALL ($4::INT8[])
UNION ALL SELECT u.version, u.sha256, u.comment FROM unnest($4::INT8[], $5::BYTEA[], $6::TEXT[]) AS u (version, sha256, comment)) v
JOIN artefacts a ON a.account_id = $1 AND a.sha256 = v.sha256 ORDER BY v.version DESC LIMIT $7 OFFSET $8`
)

// WorkflowKey names a workflow of an account.
type WorkflowKey struct {
	Retailer tenancy.RetailerID
	Name     string // ORDER::HD
}

// WorkflowVersion is one version of a workflow.
type WorkflowVersion struct {
	Version   int // as workflow.VersionNumber has it
	Hash      string
	Comment   string
	CreatedOn time.Time // when its text was first kept; writes do not look at it
}

// VersionsPage asks for some of a workflow's versions.
type VersionsPage struct {
	Active       []WorkflowVersion // those that are active, whether a row names them or not
	Start, Count int
}

// KeepWorkflowVersion remembers a version whose text is an artefact of the account. A version that is remembered never changes: keeping
// it again does nothing.
func (db *DB) KeepWorkflowVersion(ctx context.Context, scope tenancy.Scope, of WorkflowKey, v WorkflowVersion) error {
	if scope.Account() == "" {
		return errNoAccount
	}
	sum, err := hex.DecodeString(v.Hash)
	if err != nil {
		return fmt.Errorf("keep version %d of workflow %s: hash %q: %w", v.Version, of.Name, v.Hash, err)
	}
	args := []any{string(scope.Account()), int64(of.Retailer), of.Name, int64(v.Version), sum, v.Comment}
	return db.sendWrite(ctx, scope.Account(), []call{{name: "workflow_versions.keep", sql: sqlVersionKeep, args: args}})
}

// WorkflowVersions lists the versions that are active or remembered, newest first.
func (db *DB) WorkflowVersions(ctx context.Context, scope tenancy.Scope, of WorkflowKey, page VersionsPage) (out []WorkflowVersion, err error) {
	versions, sums, comments := make([]int64, len(page.Active)), make([][]byte, len(page.Active)), make([]string, len(page.Active))
	for i, v := range page.Active {
		versions[i], comments[i] = int64(v.Version), v.Comment
		if sums[i], err = hex.DecodeString(v.Hash); err != nil {
			return nil, fmt.Errorf("list versions of workflow %s: hash %q: %w", of.Name, v.Hash, err)
		}
	}
	args := []any{string(scope.Account()), int64(of.Retailer), of.Name, versions, sums, comments, int64(page.Count), int64(page.Start)}
	err = db.Reader(scope).run(ctx, []call{{name: "workflow_versions.list", sql: sqlVersionList, args: args, rows: func(rows pgx.Rows) error {
		out = nil
		var v WorkflowVersion
		var sum []byte
		_, err := pgx.ForEachRow(rows, []any{&v.Version, &sum, &v.Comment, &v.CreatedOn}, func() error {
			v.Hash = hex.EncodeToString(sum)
			out = append(out, v)
			return nil
		})
		return err
	}}})
	return out, err
}

// WorkflowText is the text of a version that is remembered; fault NotFound if there is none.
func (db *DB) WorkflowText(ctx context.Context, scope tenancy.Scope, of WorkflowKey, version int) (text []byte, err error) {
	args := []any{string(scope.Account()), int64(of.Retailer), of.Name, int64(version)}
	err = db.Reader(scope).run(ctx, []call{{name: "workflow_versions.text", sql: sqlVersionText, args: args, rows: func(rows pgx.Rows) error {
		text = nil
		_, err := pgx.ForEachRow(rows, []any{&text}, func() error { return nil })
		return err
	}}})
	if err == nil && text == nil {
		err = fault.NotFoundf("there is no version %d of workflow %s", version, of.Name)
	}
	return text, err
}
