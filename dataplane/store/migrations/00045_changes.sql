-- +goose Up
-- +goose NO TRANSACTION
-- What commits have changed, in their order: see dataplane/store/changed.go, which says what a body holds. Rows go when they are old.
CREATE TABLE IF NOT EXISTS changes (
	account_id TEXT NOT NULL,
	at TIMESTAMPTZ NOT NULL,
	id UUID NOT NULL,
	body BYTEA NOT NULL,
	PRIMARY KEY (account_id, at, id)
);
