-- +goose Up
-- +goose NO TRANSACTION
-- Requests that made something: whoever sends one again, for its answer was lost, hears what the first made. key is a digest of caller, target and
-- body, or of the id that the caller gave; made is the number of a job or batch, or the id of an event.
CREATE TABLE IF NOT EXISTS repeats (
	account_id TEXT NOT NULL,
	key BYTEA NOT NULL,
	made TEXT NOT NULL,
	ends_on TIMESTAMPTZ NOT NULL, -- from then on the same request is a new one
	PRIMARY KEY (account_id, key)
);

CREATE INDEX IF NOT EXISTS repeats_ends_on ON repeats (account_id, ends_on);
