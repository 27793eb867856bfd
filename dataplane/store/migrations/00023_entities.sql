-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE TABLE IF NOT EXISTS return_orders (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    workflow_ref TEXT,
    workflow_version INT8,
    retailer_id INT8 NOT NULL,
    customer_id INT8 NOT NULL,
    customer_ref TEXT,
    order_ref TEXT,
    order_retailer_id INT8,
    exchange_order_ref TEXT,
    exchange_order_retailer_id INT8,
    credit_memo_ref TEXT,
    lodged_location_ref TEXT,
    destination_location_ref TEXT,
    pickup_address JSONB,
    return_authorisation_key TEXT,
    return_authorisation_key_expiry TIMESTAMPTZ,
    return_authorisation_disposition JSONB,
    currency_code TEXT NOT NULL,
    sub_total_amount JSONB NOT NULL,
    total_tax JSONB NOT NULL,
    total_amount JSONB NOT NULL,
    default_tax_type JSONB NOT NULL,
    attributes JSONB,
    CONSTRAINT return_orders_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS return_order_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    product_ref TEXT,
    product_catalogue_ref TEXT,
    order_item_ref TEXT,
    order_ref TEXT,
    order_retailer_id INT8,
    unit_quantity JSONB NOT NULL,
    unit_amount JSONB NOT NULL,
    item_amount JSONB NOT NULL,
    item_tax_amount JSONB NOT NULL,
    unit_tax_type JSONB,
    return_reason JSONB,
    return_reason_comment TEXT,
    return_condition JSONB,
    return_condition_comment TEXT,
    return_payment_action JSONB,
    return_disposition_action JSONB,
    attributes JSONB,
    return_order_id INT8 NOT NULL,
    CONSTRAINT return_order_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS return_verifications (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    verification_details TEXT NOT NULL,
    return_order_id INT8 NOT NULL,
    CONSTRAINT return_verifications_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS return_fulfilments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    workflow_ref TEXT,
    workflow_version INT8,
    return_order_id INT8 NOT NULL,
    lodged_location_ref TEXT,
    destination_location_ref TEXT NOT NULL,
    pickup_address JSONB,
    attributes JSONB,
    CONSTRAINT return_fulfilments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS return_fulfilment_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    return_fulfilment_id INT8 NOT NULL,
    return_order_item_id INT8 NOT NULL,
    product_ref TEXT,
    product_catalogue_ref TEXT,
    unit_quantity JSONB NOT NULL,
    attributes JSONB,
    CONSTRAINT return_fulfilment_items_pkey PRIMARY KEY (account_id, id)
);

CREATE UNIQUE INDEX IF NOT EXISTS return_orders_ref_retailer_id_key ON return_orders (account_id, retailer_id, ref);

CREATE INDEX IF NOT EXISTS return_orders_created_on_id_idx ON return_orders (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_orders_customer_id_created_on_id_idx ON return_orders (account_id, customer_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_orders_order_ref_idx ON return_orders (account_id, order_ref) WHERE order_ref IS NOT NULL;

CREATE INDEX IF NOT EXISTS return_orders_status_created_on_id_idx ON return_orders (account_id, status, created_on, id);

CREATE INDEX IF NOT EXISTS return_order_items_return_order_id_created_on_id_idx ON return_order_items (account_id, return_order_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_verifications_return_order_id_created_on_id_idx ON return_verifications (account_id, return_order_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_fulfilments_return_order_id_created_on_id_idx ON return_fulfilments (account_id, return_order_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS return_order_items_ref_return_order_id_key ON return_order_items (account_id, return_order_id, ref);

CREATE INDEX IF NOT EXISTS return_order_items_created_on_id_idx ON return_order_items (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS return_verifications_ref_return_order_id_key ON return_verifications (account_id, return_order_id, ref);

CREATE INDEX IF NOT EXISTS return_verifications_created_on_id_idx ON return_verifications (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS return_fulfilments_ref_return_order_id_key ON return_fulfilments (account_id, return_order_id, ref);

CREATE INDEX IF NOT EXISTS return_fulfilments_created_on_id_idx ON return_fulfilments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_fulfilment_items_return_fulfilment_id_created_on_id_idx ON return_fulfilment_items (account_id, return_fulfilment_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS return_fulfilment_items_ref_return_fulfilment_id_key ON return_fulfilment_items (account_id, return_fulfilment_id, ref);

CREATE INDEX IF NOT EXISTS return_fulfilment_items_created_on_id_idx ON return_fulfilment_items (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS return_fulfilment_items_return_order_item_id_idx ON return_fulfilment_items (account_id, return_order_item_id);
