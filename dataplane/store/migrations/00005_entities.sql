-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

ALTER TABLE addresses ADD COLUMN IF NOT EXISTS retailer_id INT8;
