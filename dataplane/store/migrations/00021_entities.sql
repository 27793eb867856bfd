-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

ALTER TABLE products ALTER COLUMN gtin DROP NOT NULL;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS ref2 TEXT;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS tag1 TEXT;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS tag2 TEXT;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS tag3 TEXT;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS currency TEXT;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS billing_address_id INT8;

ALTER TABLE order_items ADD COLUMN IF NOT EXISTS fulfilment_choice_ref TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS ref TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS delivery_contact TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS delivery_email TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS delivery_first_name TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS delivery_last_name TEXT;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS deliver_after TIMESTAMPTZ;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS deliver_before TIMESTAMPTZ;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS dispatch_on TIMESTAMPTZ;

ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS attributes JSONB;

CREATE TABLE IF NOT EXISTS order_billing_addresses (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    company_name TEXT,
    name TEXT,
    email TEXT,
    street TEXT,
    street2 TEXT,
    city TEXT,
    state TEXT,
    postcode TEXT,
    region TEXT,
    country TEXT,
    latitude FLOAT8,
    longitude FLOAT8,
    time_zone TEXT,
    order_id INT8,
    CONSTRAINT order_billing_addresses_pkey PRIMARY KEY (account_id, id)
);

ALTER TABLE fulfilments ADD COLUMN IF NOT EXISTS choice_ref TEXT;

CREATE TABLE IF NOT EXISTS group_members (
    account_id TEXT NOT NULL,
    group_id INT8 NOT NULL,
    product_id INT8 NOT NULL,
    CONSTRAINT group_members_pkey PRIMARY KEY (account_id, group_id, product_id)
);

CREATE INDEX IF NOT EXISTS group_members_product_id_group_id_idx ON group_members (account_id, product_id, group_id);

CREATE UNIQUE INDEX IF NOT EXISTS orders_ref2_key ON orders (account_id, ref2) WHERE ref2 IS NOT NULL;

CREATE INDEX IF NOT EXISTS order_billing_addresses_created_on_id_idx ON order_billing_addresses (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS products_created_on_id_idx ON products (account_id, created_on, id);
