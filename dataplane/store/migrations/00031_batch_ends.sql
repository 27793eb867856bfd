-- +goose Up
-- +goose NO TRANSACTION

-- The event that a batch became, so that the end of that event, however it comes, is the batch's.
ALTER TABLE batches ADD COLUMN IF NOT EXISTS event_id TEXT;
-- Where in a record that failed the fault is.
ALTER TABLE batch_rows ADD COLUMN IF NOT EXISTS place TEXT;
