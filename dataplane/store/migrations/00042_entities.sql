-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE INDEX IF NOT EXISTS customers_updated_on_idx ON customers (account_id, updated_on);

CREATE INDEX IF NOT EXISTS products_updated_on_idx ON products (account_id, updated_on);

CREATE INDEX IF NOT EXISTS orders_updated_on_idx ON orders (account_id, updated_on);
