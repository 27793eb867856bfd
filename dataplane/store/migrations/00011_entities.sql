-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

ALTER TABLE articles ADD COLUMN IF NOT EXISTS storage_area_id INT8;

CREATE TABLE IF NOT EXISTS waves (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    name TEXT,
    processing_location_ref TEXT,
    retailer_id INT8 NOT NULL,
    location_id INT8 NOT NULL,
    allocated_to_id INT8,
    attributes JSONB,
    CONSTRAINT waves_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS storage_areas (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    name TEXT NOT NULL,
    type TEXT,
    status TEXT,
    location_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT storage_areas_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS consignments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    consignment_reference TEXT NOT NULL,
    tracking_label TEXT,
    label_url TEXT,
    order_summary_url TEXT,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    carrier_id INT8 NOT NULL,
    retailer_id INT8 NOT NULL,
    order_id INT8,
    CONSTRAINT consignments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS consignment_articles (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    article_id INT8,
    consignment_id INT8,
    CONSTRAINT consignment_articles_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS carrier_consignments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    consignment_reference TEXT,
    tracking_label TEXT,
    label_url TEXT,
    order_summary_url TEXT,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    carrier_id INT8 NOT NULL,
    retailer_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT carrier_consignments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS carrier_articles (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    article_id INT8,
    carrier_consignment_id INT8,
    CONSTRAINT carrier_articles_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS carriers (
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
    retailer_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT carriers_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS manifests (
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
    carrier_manifest_link TEXT,
    carrier_id INT8 NOT NULL,
    location_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT manifests_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS carrier_detailses (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    retailer_id INT8,
    agent_id TEXT,
    carrier_id TEXT,
    CONSTRAINT carrier_detailses_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS carrier_attributes (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    carrier_details_id INT8,
    CONSTRAINT carrier_attributes_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS wave_fulfilments (
    account_id TEXT NOT NULL,
    wave_id INT8 NOT NULL,
    fulfilment_id INT8 NOT NULL,
    CONSTRAINT wave_fulfilments_pkey PRIMARY KEY (account_id, wave_id, fulfilment_id)
);

CREATE TABLE IF NOT EXISTS manifest_consignments (
    account_id TEXT NOT NULL,
    carrier_consignment_id INT8 NOT NULL,
    manifest_id INT8 NOT NULL,
    CONSTRAINT manifest_consignments_pkey PRIMARY KEY (account_id, carrier_consignment_id, manifest_id)
);

CREATE INDEX IF NOT EXISTS wave_fulfilments_fulfilment_id_wave_id_idx ON wave_fulfilments (account_id, fulfilment_id, wave_id);

CREATE INDEX IF NOT EXISTS manifest_consignments_manifest_id_carrier_consignment_id_idx ON manifest_consignments (account_id, manifest_id, carrier_consignment_id);

CREATE INDEX IF NOT EXISTS storage_areas_location_id_created_on_id_idx ON storage_areas (account_id, location_id, created_on, id);

CREATE INDEX IF NOT EXISTS manifests_location_id_created_on_id_idx ON manifests (account_id, location_id, created_on, id);

CREATE INDEX IF NOT EXISTS consignment_articles_article_id_created_on_id_idx ON consignment_articles (account_id, article_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_articles_article_id_created_on_id_idx ON carrier_articles (account_id, article_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS waves_ref_key ON waves (account_id, ref);

CREATE INDEX IF NOT EXISTS waves_created_on_id_idx ON waves (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS waves_processing_location_ref_status_created_on_id_idx ON waves (account_id, processing_location_ref, status, created_on, id);

CREATE INDEX IF NOT EXISTS storage_areas_created_on_id_idx ON storage_areas (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS articles_storage_area_id_created_on_id_idx ON articles (account_id, storage_area_id, created_on, id);

CREATE INDEX IF NOT EXISTS consignments_created_on_id_idx ON consignments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS consignments_ref_idx ON consignments (account_id, ref);

CREATE INDEX IF NOT EXISTS consignments_order_id_idx ON consignments (account_id, order_id) WHERE order_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS consignment_articles_consignment_id_created_on_id_idx ON consignment_articles (account_id, consignment_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS consignment_articles_article_id_consignment_id_key ON consignment_articles (account_id, article_id, consignment_id);

CREATE INDEX IF NOT EXISTS consignment_articles_created_on_id_idx ON consignment_articles (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS carrier_consignments_ref_key ON carrier_consignments (account_id, ref);

CREATE INDEX IF NOT EXISTS carrier_consignments_created_on_id_idx ON carrier_consignments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_articles_carrier_consignment_id_created_on_id_idx ON carrier_articles (account_id, carrier_consignment_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS carrier_articles_article_id_carrier_consignment_id_key ON carrier_articles (account_id, article_id, carrier_consignment_id);

CREATE INDEX IF NOT EXISTS carrier_articles_created_on_id_idx ON carrier_articles (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS carriers_ref_key ON carriers (account_id, ref);

CREATE INDEX IF NOT EXISTS carriers_created_on_id_idx ON carriers (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_consignments_carrier_id_created_on_id_idx ON carrier_consignments (account_id, carrier_id, created_on, id);

CREATE INDEX IF NOT EXISTS manifests_carrier_id_created_on_id_idx ON manifests (account_id, carrier_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS manifests_ref_key ON manifests (account_id, ref);

CREATE INDEX IF NOT EXISTS manifests_created_on_id_idx ON manifests (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_detailses_created_on_id_idx ON carrier_detailses (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_attributes_carrier_details_id_created_on_id_idx ON carrier_attributes (account_id, carrier_details_id, created_on, id);

CREATE INDEX IF NOT EXISTS carrier_attributes_created_on_id_idx ON carrier_attributes (account_id, created_on, id);
