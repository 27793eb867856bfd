-- +goose Up
-- +goose NO TRANSACTION
-- Exports and erasures of a customer's data: how far each is, and what came of it. What an erasure looks for is sealed, and goes when it is done.
CREATE TABLE IF NOT EXISTS personal_operations (
	account_id TEXT NOT NULL,
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	customer_id TEXT NOT NULL,
	retailer_id INT8 NOT NULL,
	state TEXT NOT NULL,
	step TEXT NOT NULL,
	position TEXT NOT NULL,
	progress JSONB NOT NULL,
	sealed TEXT NOT NULL,
	requested_by TEXT NOT NULL,
	requested_on TIMESTAMPTZ NOT NULL,
	updated_on TIMESTAMPTZ NOT NULL,
	done_on TIMESTAMPTZ,
	expires_on TIMESTAMPTZ,
	PRIMARY KEY (account_id, id)
);

CREATE INDEX IF NOT EXISTS personal_operations_open ON personal_operations (requested_on, account_id, id) WHERE state = 'OPEN';
CREATE INDEX IF NOT EXISTS personal_operations_customer ON personal_operations (account_id, customer_id, kind);

-- The files that exports make, in parts.
CREATE TABLE IF NOT EXISTS personal_files (
	account_id TEXT NOT NULL,
	operation_id TEXT NOT NULL,
	part INT8 NOT NULL,
	body BYTEA NOT NULL,
	PRIMARY KEY (account_id, operation_id, part)
);
