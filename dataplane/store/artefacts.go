package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Artefacts are found by primary key.
const (
	sqlArtefactPut  = `INSERT INTO artefacts (account_id, sha256, body, created_on) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	sqlArtefactsPut = `INSERT INTO artefacts (account_id, sha256, body, created_on) SELECT $1, a.sha256, a.body, $4
FROM unnest($2::BYTEA[], $3::BYTEA[]) AS a (sha256, body) ON CONFLICT DO NOTHING`
	sqlArtefactGet = `SELECT body FROM artefacts WHERE account_id = $1 AND sha256 = $2`
)

// PutArtefact keeps content of an account, such as a workflow's JSON, and returns its name: the SHA-256 in lower-case hexadecimal. Keeping
// the same content again changes nothing.
func (db *DB) PutArtefact(ctx context.Context, scope tenancy.Scope, content []byte) (hash string, err error) {
	if scope.Account() == "" {
		return "", errNoAccount
	}
	sum := sha256.Sum256(content)
	err = db.sendWrite(ctx, scope.Account(), []call{{name: "artefacts.put", sql: sqlArtefactPut, args: []any{string(scope.Account()), sum[:], content, db.Now(ctx)}}})
	return hex.EncodeToString(sum[:]), err
}

// PutArtefacts queues contents of the account, different ones, to be kept as PutArtefact keeps them, in one statement, and returns their
// names in the same order.
func (tx *Tx) PutArtefacts(contents ...[]byte) (hashes []string) {
	sums := make([][]byte, len(contents))
	hashes = make([]string, len(contents))
	for i, content := range contents {
		sum := sha256.Sum256(content)
		sums[i], hashes[i] = sum[:], hex.EncodeToString(sum[:])
	}
	tx.queue(call{name: "artefacts.put", sql: sqlArtefactsPut, args: []any{string(tx.scope.Account()), sums, contents, tx.now}})
	return hashes
}

// Artefact returns what PutArtefact kept under a name; fault NotFound if the account has none of that name.
func (db *DB) Artefact(ctx context.Context, scope tenancy.Scope, hash string) (content []byte, err error) {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return nil, fault.NotFoundf("there is no artefact %q", hash)
	}
	found := false
	err = db.Reader(scope).run(ctx, []call{{name: "artefacts.get", sql: sqlArtefactGet, args: []any{string(scope.Account()), sum}, rows: func(rows pgx.Rows) error {
		for rows.Next() {
			found = true
			if err := rows.Scan(&content); err != nil {
				return err
			}
		}
		return rows.Err()
	}}})
	if err == nil && !found {
		err = fault.NotFoundf("there is no artefact %s", hash)
	}
	return content, err
}
