-- +goose Up

-- One row for each event that was received or that runs by itself. What ran inside a turn is in trails.
CREATE TABLE events (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    slot INT4 NOT NULL,
    state TEXT NOT NULL,
    priority INT2 NOT NULL,
    received_on TIMESTAMPTZ NOT NULL,
    generated_on TIMESTAMPTZ NOT NULL,
    due_on TIMESTAMPTZ NULL,
    done_on TIMESTAMPTZ NULL,
    retailer_id INT8 NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    entity_ref TEXT NOT NULL,
    root_type TEXT NOT NULL,
    root_id TEXT NOT NULL,
    root_ref TEXT NOT NULL,
    turn_id UUID NULL,
    detail JSONB NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- The queues begin with the account, so that a reader can leap from account to account, however long one's queue is.
CREATE INDEX events_pending ON events (account_id, priority, received_on, id) WHERE state = 'PENDING';
-- What waits for one root: a synchronous request looks for what came before it.
CREATE INDEX events_pending_root ON events (account_id, root_type, root_id, received_on, id) WHERE state = 'PENDING';
CREATE INDEX events_scheduled ON events (account_id, due_on, id) WHERE state = 'SCHEDULED';

-- One row for each turn: its key settles whether a commit whose answer was lost took place.
CREATE TABLE trails (
    account_id TEXT NOT NULL,
    turn_id UUID NOT NULL,
    retailer_id INT8 NOT NULL,
    root_type TEXT NOT NULL,
    root_id TEXT NOT NULL,
    generated_on TIMESTAMPTZ NOT NULL,
    keys TEXT[] NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (account_id, turn_id)
);
CREATE INDEX trails_time ON trails (account_id, generated_on DESC, turn_id DESC);
CREATE INDEX trails_root ON trails (account_id, root_type, root_id, generated_on DESC, turn_id DESC);
CREATE INDEX trails_keys ON trails USING GIN (keys);

-- Deliveries of webhooks, written with the turn that asked for them.
CREATE TABLE webhook_deliveries (
    account_id TEXT NOT NULL,
    id UUID NOT NULL,
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    event JSONB NOT NULL,
    attempts INT4 NOT NULL DEFAULT 0,
    next_try_on TIMESTAMPTZ NOT NULL,
    created_on TIMESTAMPTZ NOT NULL,
    done_on TIMESTAMPTZ NULL,
    answer TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, next_try_on, id) WHERE state = 'PENDING';

-- Who runs which slots. The epoch changes only when the owner does, and every turn's commit reads it; renewals write the
-- expiry, in a table of its own, so that they never abort a turn.
CREATE TABLE slot_epochs (
    range_id INT4 NOT NULL PRIMARY KEY,
    epoch INT8 NOT NULL,
    owner TEXT NOT NULL
);
CREATE TABLE slot_expiries (
    range_id INT4 NOT NULL PRIMARY KEY,
    expires_on TIMESTAMPTZ NOT NULL
);
CREATE TABLE engine_nodes (
    node_id TEXT NOT NULL PRIMARY KEY,
    expires_on TIMESTAMPTZ NOT NULL
);
INSERT INTO slot_epochs (range_id, epoch, owner) SELECT g, 0, '' FROM generate_series(0, 255) AS r (g);
INSERT INTO slot_expiries (range_id, expires_on) SELECT g, TIMESTAMPTZ '2000-01-01 00:00:00Z' FROM generate_series(0, 255) AS r (g);
