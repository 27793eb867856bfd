-- +goose Up
-- +goose NO TRANSACTION
-- What accounts take away from their roles, each version as it was written. The newest is in force; an empty text takes nothing away.
CREATE TABLE IF NOT EXISTS access_policies (
	account_id TEXT NOT NULL,
	version INT8 NOT NULL,
	body TEXT NOT NULL,
	comment TEXT NOT NULL,
	author TEXT NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, version)
);

CREATE INDEX IF NOT EXISTS access_policies_created_on ON access_policies (created_on);
