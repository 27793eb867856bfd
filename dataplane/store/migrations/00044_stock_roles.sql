-- +goose Up
-- +goose NO TRANSACTION
-- What each stock role of an account has been given at one time or another, names with blanks between them: a later build gives what is not
-- among them, and what the account took out since stays out.
CREATE TABLE IF NOT EXISTS stock_roles (
	account_id TEXT NOT NULL,
	name TEXT NOT NULL,
	permissions TEXT NOT NULL,
	PRIMARY KEY (account_id, name)
);
