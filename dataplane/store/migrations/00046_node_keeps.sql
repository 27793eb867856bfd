-- +goose Up
-- +goose NO TRANSACTION
-- What a node keeps beside what it changes, as a number that grows with builds; 0 for builds before this one, which set nothing but expires_on. It holds
-- only while keeps_until is expires_on: a node that went back a build renews the row that a newer one made. older_until is until when a node of an
-- older build held the row.
ALTER TABLE engine_nodes ADD COLUMN IF NOT EXISTS keeps INT8 NOT NULL DEFAULT 0;
ALTER TABLE engine_nodes ADD COLUMN IF NOT EXISTS keeps_until TIMESTAMPTZ;
ALTER TABLE engine_nodes ADD COLUMN IF NOT EXISTS older_until TIMESTAMPTZ;
