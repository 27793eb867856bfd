-- +goose Up
-- +goose NO TRANSACTION
-- A table that nothing wrote: requests are safe to repeat by an entity's ref, an event's id, or a retailer's name.
DROP TABLE IF EXISTS idempotency;
