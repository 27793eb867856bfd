// Package artefacts is the store's part for contents that are found by what they are, such as the JSON of workflows, and for the versions of
// workflows that an account has had.
package artefacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
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

// Store is the artefacts of a database, by account.
type Store struct{ db *store.DB }

// Of makes the artefacts of a database.
func Of(db *store.DB) Store { return Store{db} }

// Put keeps content of an account, such as a workflow's JSON, and returns its name: the SHA-256 in lower-case hexadecimal. Keeping
// the same content again changes nothing.
func (s Store) Put(ctx context.Context, scope tenancy.Scope, content []byte) (hash string, err error) {
	sum := sha256.Sum256(content)
	w := s.db.Autocommit(scope)
	err = w.Send(ctx, store.Statement{Name: "artefacts.put", SQL: sqlArtefactPut, Args: w.Args(sum[:], content, s.db.Now(ctx))})
	return hex.EncodeToString(sum[:]), err
}

// PutAll queues contents of the account, different ones, to be kept as Put keeps them, in one statement, and returns their
// names in the same order.
func PutAll(tx *store.Tx, contents ...[]byte) (hashes []string) {
	sums := make([][]byte, len(contents))
	hashes = make([]string, len(contents))
	for i, content := range contents {
		sum := sha256.Sum256(content)
		sums[i], hashes[i] = sum[:], hex.EncodeToString(sum[:])
	}
	tx.Queue(store.Statement{Name: "artefacts.put", SQL: sqlArtefactsPut, Args: tx.Args(sums, contents, tx.Now())})
	return hashes
}

// Get returns what Put kept under a name; fault NotFound if the account has none of that name.
func (s Store) Get(ctx context.Context, scope tenancy.Scope, hash string) (content []byte, err error) {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return nil, fault.NotFoundf("there is no artefact %q", hash)
	}
	found, r := false, s.db.Reader(scope)
	err = r.Send(ctx, store.Statement{Name: "artefacts.get", SQL: sqlArtefactGet, Args: r.Args(sum), Rows: func(rows pgx.Rows) error {
		for rows.Next() {
			found = true
			if err := rows.Scan(&content); err != nil {
				return err
			}
		}
		return rows.Err()
	}})
	if err == nil && !found {
		err = fault.NotFoundf("there is no artefact %s", hash)
	}
	return content, err
}
