-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS expires_on TIMESTAMPTZ;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS country_of_origin TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS channel TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS manufacturer TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS manufacturer_batch_number TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS supplier TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS association_type TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS associated_ref TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS segment1 TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS segment2 TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS segment3 TEXT;

ALTER TABLE inventory_quantities ADD COLUMN IF NOT EXISTS parent_id UUID;

ALTER TABLE virtual_positions ADD COLUMN IF NOT EXISTS segments JSONB;

CREATE TABLE IF NOT EXISTS control_groups (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    retailer_refs JSONB,
    attributes JSONB,
    CONSTRAINT control_groups_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS controls (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    execution_order INT8,
    values JSONB,
    control_group_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT controls_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS fulfilment_options (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    retailer_id INT8 NOT NULL,
    order_type TEXT,
    location_ref TEXT,
    tracking_code TEXT,
    address JSONB,
    products JSONB,
    attributes JSONB,
    CONSTRAINT fulfilment_options_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS fulfilment_plans (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    eta TEXT,
    split_count INT8,
    retailer_id INT8 NOT NULL,
    fulfilment_option_id UUID NOT NULL,
    fulfilments JSONB,
    exceptions JSONB,
    attributes JSONB,
    CONSTRAINT fulfilment_plans_pkey PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX IF NOT EXISTS control_groups_ref_key ON control_groups (account_id, ref);

CREATE INDEX IF NOT EXISTS control_groups_created_on_id_idx ON control_groups (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS controls_control_group_id_created_on_id_idx ON controls (account_id, control_group_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS controls_ref_control_group_id_key ON controls (account_id, control_group_id, ref);

CREATE INDEX IF NOT EXISTS controls_created_on_id_idx ON controls (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_options_created_on_id_idx ON fulfilment_options (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_options_ref_idx ON fulfilment_options (account_id, ref);

CREATE INDEX IF NOT EXISTS fulfilment_plans_fulfilment_option_id_created_on_id_idx ON fulfilment_plans (account_id, fulfilment_option_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_plans_created_on_id_idx ON fulfilment_plans (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_plans_ref_idx ON fulfilment_plans (account_id, ref);
