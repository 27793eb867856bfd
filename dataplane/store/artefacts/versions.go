package artefacts

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
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

// Workflow names a workflow of an account.
type Workflow struct {
	Retailer tenancy.RetailerID
	Name     string // ORDER::HD
}

// Version is one version of a workflow.
type Version struct {
	Number    int // as workflow.VersionNumber has it
	Hash      string
	Comment   string
	CreatedOn time.Time // when its text was first kept; writes do not look at it
}

// VersionsPage asks for some of a workflow's versions.
type VersionsPage struct {
	Active       []Version // those that are active, whether a row names them or not
	Start, Count int
}

// Keep remembers a version whose text is an artefact of the account. A version that is remembered never changes: keeping
// it again does nothing.
func (s Store) Keep(ctx context.Context, scope tenancy.Scope, of Workflow, v Version) error {
	sum, err := hex.DecodeString(v.Hash)
	if err != nil {
		return fmt.Errorf("keep version %d of workflow %s: hash %q: %w", v.Number, of.Name, v.Hash, err)
	}
	w := s.db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "workflow_versions.keep", SQL: sqlVersionKeep,
		Args: w.Args(int64(of.Retailer), of.Name, int64(v.Number), sum, v.Comment)})
}

// Versions lists the versions that are active or remembered, newest first.
func (s Store) Versions(ctx context.Context, scope tenancy.Scope, of Workflow, page VersionsPage) (out []Version, err error) {
	versions, sums, comments := make([]int64, len(page.Active)), make([][]byte, len(page.Active)), make([]string, len(page.Active))
	for i, v := range page.Active {
		versions[i], comments[i] = int64(v.Number), v.Comment
		if sums[i], err = hex.DecodeString(v.Hash); err != nil {
			return nil, fmt.Errorf("list versions of workflow %s: hash %q: %w", of.Name, v.Hash, err)
		}
	}
	r := s.db.Reader(scope)
	args := r.Args(int64(of.Retailer), of.Name, versions, sums, comments, int64(page.Count), int64(page.Start))
	err = r.Send(ctx, store.Statement{Name: "workflow_versions.list", SQL: sqlVersionList, Args: args, Rows: func(rows pgx.Rows) error {
		out = nil
		var v Version
		var sum []byte
		_, err := pgx.ForEachRow(rows, []any{&v.Number, &sum, &v.Comment, &v.CreatedOn}, func() error {
			v.Hash = hex.EncodeToString(sum)
			out = append(out, v)
			return nil
		})
		return err
	}})
	return out, err
}

// Text is the text of a version that is remembered; fault NotFound if there is none.
func (s Store) Text(ctx context.Context, scope tenancy.Scope, of Workflow, version int) (text []byte, err error) {
	r := s.db.Reader(scope)
	args := r.Args(int64(of.Retailer), of.Name, int64(version))
	err = r.Send(ctx, store.Statement{Name: "workflow_versions.text", SQL: sqlVersionText, Args: args, Rows: func(rows pgx.Rows) error {
		text = nil
		_, err := pgx.ForEachRow(rows, []any{&text}, func() error { return nil })
		return err
	}})
	if err == nil && text == nil {
		err = fault.NotFoundf("there is no version %d of workflow %s", version, of.Name)
	}
	return text, err
}
