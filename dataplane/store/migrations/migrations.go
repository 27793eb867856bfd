// Package migrations holds the versioned migrations of an environment's database, as goose reads them. A file is named
// NNNNN_subject.sql, begins with -- +goose Up and -- +goose NO TRANSACTION, and every statement in it may run again (IF NOT
// EXISTS), because CockroachDB changes schemas outside transactions. Files that say "generated" come from the catalogue
// (go run ./ops/migrations/generate, which adds a file for what is new); tables that no entity stands for are written by hand.
// A file that was released is never changed.
package migrations

import "embed"

//go:generate go run github.com/fluent-oms/fluent/ops/migrations/generate

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS
