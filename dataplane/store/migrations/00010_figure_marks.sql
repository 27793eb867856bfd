-- +goose Up
-- +goose NO TRANSACTION
-- Derived figures of accounts: mark rises with each change of what a figure rests on, in that change's commit. Who goes by a figure holds the row.
CREATE TABLE IF NOT EXISTS figure_marks (
	account_id TEXT NOT NULL,
	figure TEXT NOT NULL,
	mark INT8 NOT NULL,
	marked_on TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (account_id, figure)
);
