-- +goose Up
-- +goose NO TRANSACTION
-- Environment-wide, and so without account_id: by these keys nodes seal what they keep or give away.
CREATE TABLE IF NOT EXISTS sealing_keys (
	key_id TEXT NOT NULL,
	secret BYTEA NOT NULL,
	created_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (key_id)
);

-- Where an account's people sign in. The secret is sealed.
CREATE TABLE IF NOT EXISTS identity_providers (
	account_id TEXT NOT NULL,
	config JSONB NOT NULL,
	secret TEXT NOT NULL,
	changed_by TEXT NOT NULL,
	changed_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id)
);

-- Which user somebody is whom a provider knows.
CREATE TABLE IF NOT EXISTS sign_on_links (
	account_id TEXT NOT NULL,
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	user_id TEXT NOT NULL,
	linked_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, issuer, subject)
);

CREATE UNIQUE INDEX IF NOT EXISTS sign_on_links_user ON sign_on_links (account_id, issuer, user_id);
