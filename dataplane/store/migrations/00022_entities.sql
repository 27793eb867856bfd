-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE TABLE IF NOT EXISTS sourcing_profiles (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    version INT8 NOT NULL,
    version_comment TEXT,
    name TEXT,
    description TEXT,
    status TEXT,
    retailer_id INT8,
    default_max_split INT8,
    default_network_id INT8,
    default_virtual_catalogue_id INT8,
    sourcing_strategies JSONB,
    sourcing_fallback_strategies JSONB,
    CONSTRAINT sourcing_profiles_pkey PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX IF NOT EXISTS sourcing_profiles_ref_version_key ON sourcing_profiles (account_id, ref, version);

CREATE INDEX IF NOT EXISTS sourcing_profiles_created_on_id_idx ON sourcing_profiles (account_id, created_on, id);
