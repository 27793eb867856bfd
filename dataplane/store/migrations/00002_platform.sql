-- +goose NO TRANSACTION

-- Tables of the platform itself, written by hand; those of entities are generated into 00001.
-- Environment-wide, and so without account_id: environment_keys.

-- +goose Up
CREATE TABLE IF NOT EXISTS id_blocks (
	account_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	next_id INT8 NOT NULL,
	PRIMARY KEY (account_id, kind)
);

CREATE TABLE IF NOT EXISTS environment_keys (
	key_id TEXT NOT NULL,
	public_key BYTEA NOT NULL,
	private_key BYTEA NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	expires_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (key_id)
);

CREATE TABLE IF NOT EXISTS revoked_tokens (
	account_id TEXT NOT NULL,
	token_id TEXT NOT NULL,
	revoked_on TIMESTAMPTZ NOT NULL,
	expires_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, token_id)
);

CREATE INDEX IF NOT EXISTS revoked_tokens_revoked_on ON revoked_tokens (revoked_on);

CREATE TABLE IF NOT EXISTS artefacts (
	account_id TEXT NOT NULL,
	sha256 BYTEA NOT NULL,
	body BYTEA NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, sha256)
);

CREATE TABLE IF NOT EXISTS idempotency (
	account_id TEXT NOT NULL,
	operation TEXT NOT NULL,
	key TEXT NOT NULL,
	request_hash BYTEA NOT NULL,
	response BYTEA NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, operation, key)
);

CREATE INDEX IF NOT EXISTS idempotency_created_on ON idempotency (created_on);

CREATE TABLE IF NOT EXISTS jobs (
	account_id TEXT NOT NULL,
	id INT8 NOT NULL,
	retailer_id INT8 NOT NULL,
	name TEXT NOT NULL,
	meta JSONB,
	created_on TIMESTAMPTZ NOT NULL,
	closes_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS batches (
	account_id TEXT NOT NULL,
	id INT8 NOT NULL,
	job_id INT8 NOT NULL,
	retailer_id INT8 NOT NULL,
	action TEXT NOT NULL,
	entity_type TEXT NOT NULL,
	event TEXT NOT NULL,
	header JSONB NOT NULL,
	status TEXT NOT NULL,
	total INT8 NOT NULL,
	processed INT8 NOT NULL,
	failed INT8 NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	started_on TIMESTAMPTZ,
	completed_on TIMESTAMPTZ,
	PRIMARY KEY (account_id, id)
);

CREATE INDEX IF NOT EXISTS batches_job ON batches (account_id, job_id, created_on, id);

CREATE TABLE IF NOT EXISTS batch_rows (
	account_id TEXT NOT NULL,
	batch_id INT8 NOT NULL,
	row_number INT8 NOT NULL,
	body JSONB NOT NULL,
	entity_id TEXT NOT NULL,
	entity_ref TEXT NOT NULL,
	code TEXT NOT NULL,
	message TEXT NOT NULL,
	PRIMARY KEY (account_id, batch_id, row_number)
);
