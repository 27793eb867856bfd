-- +goose Up
-- +goose NO TRANSACTION
-- Versions of workflows that another one has replaced; their texts are artefacts. The active ones are in the control plane's word.
CREATE TABLE IF NOT EXISTS workflow_versions (
	account_id TEXT NOT NULL,
	retailer_id INT8 NOT NULL,
	name TEXT NOT NULL,
	version INT8 NOT NULL,
	sha256 BYTEA NOT NULL,
	comment TEXT NOT NULL,
	PRIMARY KEY (account_id, retailer_id, name, version)
);
