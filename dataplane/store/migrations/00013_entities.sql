-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS payment_id INT8;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS payment_ref TEXT;

CREATE TABLE IF NOT EXISTS billing_accounts (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT,
    workflow_version INT8,
    name TEXT NOT NULL,
    address JSONB,
    retailer_id INT8 NOT NULL,
    customer_id INT8,
    customer_ref TEXT,
    attributes JSONB,
    CONSTRAINT billing_accounts_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS invoices (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT,
    workflow_version INT8,
    issue_date TIMESTAMPTZ NOT NULL,
    due_date TIMESTAMPTZ,
    currency TEXT NOT NULL,
    sub_total_amount JSONB NOT NULL,
    total_tax JSONB NOT NULL,
    total_amount JSONB NOT NULL,
    total_balance JSONB NOT NULL,
    default_tax_type JSONB NOT NULL,
    billing_account_id INT8 NOT NULL,
    order_ref TEXT,
    order_retailer_id INT8,
    fulfilment_ref TEXT,
    attributes JSONB,
    CONSTRAINT invoices_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS invoice_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    description TEXT,
    unit_quantity JSONB NOT NULL,
    unit_amount JSONB NOT NULL,
    unit_tax_type JSONB,
    amount JSONB NOT NULL,
    tax_amount JSONB NOT NULL,
    product_ref TEXT,
    product_catalogue_ref TEXT,
    invoice_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT invoice_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS credit_memos (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT,
    workflow_version INT8,
    issue_date TIMESTAMPTZ NOT NULL,
    currency TEXT NOT NULL,
    sub_total_amount JSONB NOT NULL,
    total_tax JSONB NOT NULL,
    total_amount JSONB NOT NULL,
    total_balance JSONB NOT NULL,
    default_tax_type JSONB NOT NULL,
    billing_account_id INT8 NOT NULL,
    invoice_id INT8,
    order_ref TEXT,
    order_retailer_id INT8,
    return_order_ref TEXT,
    return_order_retailer_id INT8,
    attributes JSONB,
    CONSTRAINT credit_memos_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS credit_memo_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    description TEXT,
    unit_quantity JSONB NOT NULL,
    unit_amount JSONB NOT NULL,
    unit_tax_type JSONB,
    amount JSONB NOT NULL,
    tax_amount JSONB NOT NULL,
    product_ref TEXT,
    product_catalogue_ref TEXT,
    unit_cost_amount JSONB,
    credit_reason_code JSONB,
    order_item_ref TEXT,
    order_item_order_ref TEXT,
    order_item_order_retailer_id INT8,
    return_order_item_ref TEXT,
    return_order_item_return_ref TEXT,
    return_order_item_retailer_id INT8,
    credit_memo_id INT8 NOT NULL,
    CONSTRAINT credit_memo_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS financial_transactions (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    total FLOAT8 NOT NULL,
    currency TEXT NOT NULL,
    external_transaction_code TEXT,
    external_transaction_id TEXT,
    card_type TEXT,
    payment_method TEXT NOT NULL,
    payment_provider_name TEXT,
    order_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT financial_transactions_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS payments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    amount JSONB NOT NULL,
    retailer_id INT8 NOT NULL,
    billing_account_id INT8,
    attributes JSONB,
    CONSTRAINT payments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS payment_transactions (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    amount JSONB NOT NULL,
    currency TEXT NOT NULL,
    authorization_key TEXT,
    card_type TEXT,
    payment_method TEXT NOT NULL,
    payment_id INT8 NOT NULL,
    payment_service_provider_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT payment_transactions_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS payment_service_providers (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    name TEXT,
    client_id TEXT NOT NULL,
    client_secret TEXT NOT NULL,
    service_auth_token TEXT NOT NULL,
    host TEXT NOT NULL,
    port INT8 NOT NULL,
    retailer_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT payment_service_providers_pkey PRIMARY KEY (account_id, id)
);

CREATE INDEX IF NOT EXISTS financial_transactions_order_id_created_on_id_idx ON financial_transactions (account_id, order_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS billing_accounts_ref_key ON billing_accounts (account_id, ref);

CREATE INDEX IF NOT EXISTS billing_accounts_created_on_id_idx ON billing_accounts (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS billing_accounts_customer_ref_created_on_id_idx ON billing_accounts (account_id, customer_ref, created_on, id);

CREATE INDEX IF NOT EXISTS invoices_billing_account_id_created_on_id_idx ON invoices (account_id, billing_account_id, created_on, id);

CREATE INDEX IF NOT EXISTS credit_memos_billing_account_id_created_on_id_idx ON credit_memos (account_id, billing_account_id, created_on, id);

CREATE INDEX IF NOT EXISTS payments_billing_account_id_created_on_id_idx ON payments (account_id, billing_account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS invoices_ref_key ON invoices (account_id, ref);

CREATE INDEX IF NOT EXISTS invoices_created_on_id_idx ON invoices (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS invoices_order_ref_created_on_id_idx ON invoices (account_id, order_ref, created_on, id);

CREATE INDEX IF NOT EXISTS invoice_items_invoice_id_created_on_id_idx ON invoice_items (account_id, invoice_id, created_on, id);

CREATE INDEX IF NOT EXISTS credit_memos_invoice_id_created_on_id_idx ON credit_memos (account_id, invoice_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS invoice_items_ref_key ON invoice_items (account_id, ref);

CREATE INDEX IF NOT EXISTS invoice_items_created_on_id_idx ON invoice_items (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS credit_memos_ref_key ON credit_memos (account_id, ref);

CREATE INDEX IF NOT EXISTS credit_memos_created_on_id_idx ON credit_memos (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS credit_memos_order_ref_created_on_id_idx ON credit_memos (account_id, order_ref, created_on, id);

CREATE INDEX IF NOT EXISTS credit_memos_return_order_ref_created_on_id_idx ON credit_memos (account_id, return_order_ref, created_on, id);

CREATE INDEX IF NOT EXISTS credit_memo_items_credit_memo_id_created_on_id_idx ON credit_memo_items (account_id, credit_memo_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS credit_memo_items_ref_key ON credit_memo_items (account_id, ref);

CREATE INDEX IF NOT EXISTS credit_memo_items_created_on_id_idx ON credit_memo_items (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS financial_transactions_created_on_id_idx ON financial_transactions (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS financial_transactions_ref_idx ON financial_transactions (account_id, ref);

CREATE UNIQUE INDEX IF NOT EXISTS payments_ref_key ON payments (account_id, ref);

CREATE INDEX IF NOT EXISTS payments_created_on_id_idx ON payments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS orders_payment_id_created_on_id_idx ON orders (account_id, payment_id, created_on, id);

CREATE INDEX IF NOT EXISTS payment_transactions_payment_id_created_on_id_idx ON payment_transactions (account_id, payment_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS payment_transactions_ref_key ON payment_transactions (account_id, ref);

CREATE INDEX IF NOT EXISTS payment_transactions_created_on_id_idx ON payment_transactions (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS payment_service_providers_ref_key ON payment_service_providers (account_id, ref);

CREATE INDEX IF NOT EXISTS payment_service_providers_created_on_id_idx ON payment_service_providers (account_id, created_on, id);
