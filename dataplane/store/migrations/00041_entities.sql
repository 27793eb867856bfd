-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE INDEX IF NOT EXISTS products_ref_idx ON products (account_id, ref);
