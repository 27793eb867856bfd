-- +goose Up
-- +goose NO TRANSACTION
-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.

CREATE TABLE IF NOT EXISTS retailers (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    status TEXT,
    summary TEXT,
    trading_name TEXT,
    website_url TEXT,
    website_url_name TEXT,
    primary_email TEXT,
    support_contact_name TEXT,
    support_email TEXT,
    support_phone TEXT,
    region TEXT,
    CONSTRAINT retailers_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS locations (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT,
    workflow_version INT8 NOT NULL,
    name TEXT NOT NULL,
    support_phone_number TEXT,
    default_carrier TEXT,
    default_carrier_name TEXT,
    retailer_id INT8 NOT NULL,
    primary_address_id INT8,
    opening_schedule_id INT8,
    attributes JSONB,
    CONSTRAINT locations_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS addresses (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    type TEXT,
    ref TEXT NOT NULL,
    company_name TEXT,
    name TEXT,
    street TEXT,
    city TEXT,
    state TEXT,
    postcode TEXT,
    region TEXT,
    country TEXT,
    latitude FLOAT8,
    longitude FLOAT8,
    time_zone TEXT,
    directions TEXT,
    location_id INT8,
    CONSTRAINT addresses_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS networks (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT,
    status TEXT,
    attributes JSONB,
    CONSTRAINT networks_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS opening_schedules (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    all_hours BOOL NOT NULL,
    mon_start INT8 NOT NULL,
    mon_end INT8 NOT NULL,
    tue_start INT8 NOT NULL,
    tue_end INT8 NOT NULL,
    wed_start INT8 NOT NULL,
    wed_end INT8 NOT NULL,
    thu_start INT8 NOT NULL,
    thu_end INT8 NOT NULL,
    fri_start INT8 NOT NULL,
    fri_end INT8 NOT NULL,
    sat_start INT8 NOT NULL,
    sat_end INT8 NOT NULL,
    sun_start INT8 NOT NULL,
    sun_end INT8 NOT NULL,
    location_id INT8,
    CONSTRAINT opening_schedules_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS settings (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    name TEXT NOT NULL,
    context TEXT NOT NULL,
    context_id INT8 NOT NULL,
    value_type TEXT NOT NULL,
    value TEXT,
    lob_value JSONB,
    CONSTRAINT settings_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS customers (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT,
    username TEXT NOT NULL,
    status TEXT,
    title TEXT,
    first_name TEXT NOT NULL,
    last_name TEXT,
    primary_email TEXT NOT NULL,
    primary_phone TEXT,
    department TEXT,
    country TEXT,
    timezone TEXT NOT NULL,
    promotion_opt_in BOOL,
    retailer_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT customers_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS comments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT comments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS users (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    username TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    title TEXT,
    first_name TEXT NOT NULL,
    last_name TEXT,
    primary_email TEXT NOT NULL,
    primary_phone TEXT,
    department TEXT,
    country TEXT,
    timezone TEXT NOT NULL,
    promotion_opt_in BOOL,
    language JSONB,
    primary_retailer_id INT8,
    primary_location_id INT8,
    roles JSONB,
    attributes JSONB,
    password_hash TEXT,
    api_key_hash TEXT,
    CONSTRAINT users_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS roles (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    name TEXT NOT NULL,
    permissions JSONB,
    CONSTRAINT roles_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS product_catalogues (
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
    CONSTRAINT product_catalogues_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS products (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    gtin TEXT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT,
    catalogue_id INT8 NOT NULL,
    catalogue_ref TEXT,
    prices JSONB,
    tax JSONB,
    attributes JSONB,
    product_id INT8,
    CONSTRAINT products_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS categories (
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
    summary TEXT,
    catalogue_id INT8 NOT NULL,
    parent_category_id INT8,
    attributes JSONB,
    CONSTRAINT categories_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS inventory_catalogues (
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
    CONSTRAINT inventory_catalogues_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS inventory_positions (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    product_ref TEXT NOT NULL,
    location_ref TEXT NOT NULL,
    on_hand INT8 NOT NULL,
    catalogue_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT inventory_positions_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS inventory_quantities (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    quantity INT8 NOT NULL,
    condition TEXT,
    expected_on TIMESTAMPTZ,
    storage_area_ref TEXT,
    catalogue_id INT8 NOT NULL,
    position_id UUID NOT NULL,
    association_ref TEXT,
    attributes JSONB,
    CONSTRAINT inventory_quantities_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS virtual_catalogues (
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
    inventory_catalogue_ref TEXT NOT NULL,
    product_catalogue_ref TEXT NOT NULL,
    network_ids JSONB,
    control_group_ref TEXT,
    retailer_refs JSONB,
    attributes JSONB,
    CONSTRAINT virtual_catalogues_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS virtual_positions (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    product_ref TEXT,
    group_ref TEXT,
    quantity INT8 NOT NULL,
    catalogue_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT virtual_positions_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS orders (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    total_price FLOAT8,
    total_tax_price FLOAT8,
    retailer_id INT8 NOT NULL,
    customer_id INT8 NOT NULL,
    customer_ref TEXT,
    fulfilment_choice_id INT8,
    attributes JSONB,
    CONSTRAINT orders_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS order_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    status TEXT NOT NULL,
    quantity INT8 NOT NULL,
    paid_price FLOAT8,
    currency TEXT,
    price FLOAT8,
    tax_price FLOAT8,
    tax_type TEXT,
    total_price FLOAT8,
    total_tax_price FLOAT8,
    product_ref TEXT NOT NULL,
    product_catalogue_ref TEXT NOT NULL,
    order_id INT8 NOT NULL,
    attributes JSONB,
    CONSTRAINT order_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS fulfilment_choices (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    currency TEXT,
    delivery_instruction TEXT,
    delivery_type TEXT NOT NULL,
    fulfilment_price FLOAT8,
    fulfilment_tax_price FLOAT8,
    fulfilment_type TEXT,
    pickup_location_ref TEXT,
    delivery_address_id INT8,
    order_id INT8,
    CONSTRAINT fulfilment_choices_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS fulfilments (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    workflow_ref TEXT NOT NULL,
    workflow_version INT8 NOT NULL,
    delivery_type TEXT,
    eta TEXT,
    expiry_time TIMESTAMPTZ,
    order_id INT8 NOT NULL,
    from_address_id INT8,
    to_address_id INT8,
    from_location_ref TEXT,
    customer_id INT8,
    attributes JSONB,
    CONSTRAINT fulfilments_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS fulfilment_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    ref TEXT NOT NULL,
    status TEXT NOT NULL,
    requested_quantity INT8,
    filled_quantity INT8 NOT NULL,
    rejected_quantity INT8 NOT NULL,
    order_item_id INT8 NOT NULL,
    fulfilment_id INT8,
    CONSTRAINT fulfilment_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS articles (
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
    description TEXT,
    quantity INT8,
    height FLOAT8 NOT NULL,
    length FLOAT8 NOT NULL,
    width FLOAT8 NOT NULL,
    weight FLOAT8 NOT NULL,
    article_number TEXT,
    barcode_article_number TEXT,
    purchase_value TEXT,
    expiry_date TIMESTAMPTZ,
    order_id INT8,
    attributes JSONB,
    CONSTRAINT articles_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS article_items (
    account_id TEXT NOT NULL,
    id INT8 NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    updated_on TIMESTAMPTZ NOT NULL,
    quantity INT8 NOT NULL,
    barcode TEXT,
    article_id INT8,
    CONSTRAINT article_items_pkey PRIMARY KEY (account_id, id)
);

CREATE TABLE IF NOT EXISTS network_retailers (
    account_id TEXT NOT NULL,
    retailer_id INT8 NOT NULL,
    network_id INT8 NOT NULL,
    CONSTRAINT network_retailers_pkey PRIMARY KEY (account_id, retailer_id, network_id)
);

CREATE TABLE IF NOT EXISTS network_locations (
    account_id TEXT NOT NULL,
    location_id INT8 NOT NULL,
    network_id INT8 NOT NULL,
    CONSTRAINT network_locations_pkey PRIMARY KEY (account_id, location_id, network_id)
);

CREATE TABLE IF NOT EXISTS product_categories (
    account_id TEXT NOT NULL,
    product_id INT8 NOT NULL,
    category_id INT8 NOT NULL,
    CONSTRAINT product_categories_pkey PRIMARY KEY (account_id, product_id, category_id)
);

CREATE TABLE IF NOT EXISTS article_fulfilments (
    account_id TEXT NOT NULL,
    fulfilment_id INT8 NOT NULL,
    article_id INT8 NOT NULL,
    CONSTRAINT article_fulfilments_pkey PRIMARY KEY (account_id, fulfilment_id, article_id)
);

CREATE INDEX IF NOT EXISTS network_retailers_network_id_retailer_id_idx ON network_retailers (account_id, network_id, retailer_id);

CREATE INDEX IF NOT EXISTS network_locations_network_id_location_id_idx ON network_locations (account_id, network_id, location_id);

CREATE INDEX IF NOT EXISTS product_categories_category_id_product_id_idx ON product_categories (account_id, category_id, product_id);

CREATE INDEX IF NOT EXISTS article_fulfilments_article_id_fulfilment_id_idx ON article_fulfilments (account_id, article_id, fulfilment_id);

CREATE UNIQUE INDEX IF NOT EXISTS retailers_ref_key ON retailers (account_id, ref);

CREATE INDEX IF NOT EXISTS retailers_created_on_id_idx ON retailers (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS locations_ref_key ON locations (account_id, ref);

CREATE INDEX IF NOT EXISTS locations_created_on_id_idx ON locations (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS addresses_kind_created_on_id_idx ON addresses (account_id, kind, created_on, id);

CREATE INDEX IF NOT EXISTS addresses_ref_idx ON addresses (account_id, ref);

CREATE INDEX IF NOT EXISTS networks_created_on_id_idx ON networks (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS networks_ref_idx ON networks (account_id, ref);

CREATE INDEX IF NOT EXISTS opening_schedules_created_on_id_idx ON opening_schedules (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS settings_name_context_context_id_key ON settings (account_id, name, context, context_id);

CREATE INDEX IF NOT EXISTS settings_created_on_id_idx ON settings (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS customers_ref_key ON customers (account_id, ref);

CREATE INDEX IF NOT EXISTS customers_created_on_id_idx ON customers (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS comments_created_on_id_idx ON comments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS comments_entity_type_entity_id_idx ON comments (account_id, entity_type, entity_id);

CREATE UNIQUE INDEX IF NOT EXISTS users_username_key ON users (account_id, username);

CREATE INDEX IF NOT EXISTS users_created_on_id_idx ON users (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS users_ref_idx ON users (account_id, ref);

CREATE UNIQUE INDEX IF NOT EXISTS roles_name_key ON roles (account_id, name);

CREATE INDEX IF NOT EXISTS roles_created_on_id_idx ON roles (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS product_catalogues_ref_key ON product_catalogues (account_id, ref);

CREATE INDEX IF NOT EXISTS product_catalogues_created_on_id_idx ON product_catalogues (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS categories_catalogue_id_created_on_id_idx ON categories (account_id, catalogue_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS products_ref_catalogue_id_key ON products (account_id, catalogue_id, ref);

CREATE INDEX IF NOT EXISTS products_kind_created_on_id_idx ON products (account_id, kind, created_on, id);

CREATE INDEX IF NOT EXISTS products_catalogue_ref_ref_idx ON products (account_id, catalogue_ref, ref);

CREATE INDEX IF NOT EXISTS products_product_id_created_on_id_idx ON products (account_id, product_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS categories_ref_catalogue_id_key ON categories (account_id, catalogue_id, ref);

CREATE INDEX IF NOT EXISTS categories_created_on_id_idx ON categories (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS categories_parent_category_id_created_on_id_idx ON categories (account_id, parent_category_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS inventory_catalogues_ref_key ON inventory_catalogues (account_id, ref);

CREATE INDEX IF NOT EXISTS inventory_catalogues_created_on_id_idx ON inventory_catalogues (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS inventory_positions_catalogue_id_created_on_id_idx ON inventory_positions (account_id, catalogue_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS inventory_positions_ref_catalogue_id_key ON inventory_positions (account_id, catalogue_id, ref);

CREATE UNIQUE INDEX IF NOT EXISTS inventory_positions_catalogue_id_product_ref_location_ref_key ON inventory_positions (account_id, catalogue_id, product_ref, location_ref);

CREATE INDEX IF NOT EXISTS inventory_positions_created_on_id_idx ON inventory_positions (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS inventory_quantities_position_id_created_on_id_idx ON inventory_quantities (account_id, position_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS inventory_quantities_ref_catalogue_id_key ON inventory_quantities (account_id, catalogue_id, ref);

CREATE INDEX IF NOT EXISTS inventory_quantities_created_on_id_idx ON inventory_quantities (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS inventory_quantities_association_ref_idx ON inventory_quantities (account_id, association_ref) WHERE association_ref IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS virtual_catalogues_ref_key ON virtual_catalogues (account_id, ref);

CREATE INDEX IF NOT EXISTS virtual_catalogues_created_on_id_idx ON virtual_catalogues (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS virtual_catalogues_inventory_catalogue_ref_idx ON virtual_catalogues (account_id, inventory_catalogue_ref);

CREATE INDEX IF NOT EXISTS virtual_positions_catalogue_id_created_on_id_idx ON virtual_positions (account_id, catalogue_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS virtual_positions_ref_catalogue_id_key ON virtual_positions (account_id, catalogue_id, ref);

CREATE UNIQUE INDEX IF NOT EXISTS virtual_positions_catalogue_id_product_ref_group_ref_key ON virtual_positions (account_id, catalogue_id, product_ref, group_ref);

CREATE INDEX IF NOT EXISTS virtual_positions_created_on_id_idx ON virtual_positions (account_id, created_on, id);

CREATE UNIQUE INDEX IF NOT EXISTS orders_ref_key ON orders (account_id, ref);

CREATE INDEX IF NOT EXISTS orders_created_on_id_idx ON orders (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS orders_customer_id_created_on_id_idx ON orders (account_id, customer_id, created_on, id);

CREATE INDEX IF NOT EXISTS orders_status_created_on_id_idx ON orders (account_id, status, created_on, id);

CREATE INDEX IF NOT EXISTS order_items_order_id_created_on_id_idx ON order_items (account_id, order_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilments_order_id_created_on_id_idx ON fulfilments (account_id, order_id, created_on, id);

CREATE INDEX IF NOT EXISTS order_items_created_on_id_idx ON order_items (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_choices_created_on_id_idx ON fulfilment_choices (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_choices_order_id_idx ON fulfilment_choices (account_id, order_id) WHERE order_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS fulfilments_created_on_id_idx ON fulfilments (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilments_ref_idx ON fulfilments (account_id, ref);

CREATE INDEX IF NOT EXISTS fulfilments_from_location_ref_status_created_on_id_idx ON fulfilments (account_id, from_location_ref, status, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_items_fulfilment_id_created_on_id_idx ON fulfilment_items (account_id, fulfilment_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_items_created_on_id_idx ON fulfilment_items (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS fulfilment_items_order_item_id_idx ON fulfilment_items (account_id, order_item_id);

CREATE INDEX IF NOT EXISTS articles_created_on_id_idx ON articles (account_id, created_on, id);

CREATE INDEX IF NOT EXISTS articles_ref_idx ON articles (account_id, ref);

CREATE INDEX IF NOT EXISTS articles_order_id_idx ON articles (account_id, order_id) WHERE order_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS article_items_article_id_created_on_id_idx ON article_items (account_id, article_id, created_on, id);

CREATE INDEX IF NOT EXISTS article_items_created_on_id_idx ON article_items (account_id, created_on, id);
