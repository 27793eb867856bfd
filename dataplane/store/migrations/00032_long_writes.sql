-- +goose Up
-- +goose NO TRANSACTION
-- Writes that could not be committed soon after the times of their rows were drawn, and that are tried again: rows of the account from began_on
-- on may still appear until ends_on, so readers who follow lists do not go by what is later. The write's own commit takes the row away.
CREATE TABLE IF NOT EXISTS long_writes (
	account_id TEXT NOT NULL,
	id UUID NOT NULL,
	began_on TIMESTAMPTZ NOT NULL,
	ends_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, id)
);
