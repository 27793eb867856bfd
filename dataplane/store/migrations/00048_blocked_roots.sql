-- +goose Up
-- +goose NO TRANSACTION
-- Roots whose first turn is to be tried again: which they are, and which of them somebody has mended the cause of. No other event is in it.
CREATE INDEX IF NOT EXISTS events_again ON events (account_id, due_on, id) WHERE state = 'SCHEDULED' AND name = 'CREATE';
