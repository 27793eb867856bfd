-- +goose Up
-- +goose NO TRANSACTION
-- How many rows of entities an account has that may keep so many only. Nodes add what they wrote; one of them counts, now and then.
CREATE TABLE IF NOT EXISTS account_rows (
	account_id TEXT NOT NULL PRIMARY KEY,
	entity_rows INT8 NOT NULL,
	counted_on TIMESTAMPTZ NOT NULL
);
