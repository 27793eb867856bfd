-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE INDEX IF NOT EXISTS fulfilment_choices_pickup_location_ref_idx ON fulfilment_choices (account_id, pickup_location_ref) WHERE pickup_location_ref IS NOT NULL;

CREATE INDEX IF NOT EXISTS fulfilments_to_address_id_idx ON fulfilments (account_id, to_address_id) WHERE to_address_id IS NOT NULL;
