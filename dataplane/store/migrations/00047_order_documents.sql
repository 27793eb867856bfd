-- +goose Up
-- +goose NO TRANSACTION
-- An order and what hangs on it in one row, for those who read it again; see dataplane/store/document.go. Rows may be emptied at any time (body = NULL
-- and another version). They go with their account and are never deleted while it is there, so that no version comes twice. The room on pages is for
-- a document that takes the place of an empty one.
CREATE TABLE IF NOT EXISTS order_documents (
	account_id TEXT NOT NULL,
	order_id INT8 NOT NULL,
	version INT8 NOT NULL,
	body BYTEA,
	PRIMARY KEY (account_id, order_id)
);
