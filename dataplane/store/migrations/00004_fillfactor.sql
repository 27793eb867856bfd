-- +goose Up
-- +goose NO TRANSACTION
-- Room on each page for new versions of its rows: an update that changes no indexed column then stays on its page and touches no index.
-- Tables of which each update changes an indexed column (orders, fulfilments, events: their state) would not gain by it.
-- CockroachDB takes the setting and does nothing.
ALTER TABLE inventory_positions SET (fillfactor = 80);
ALTER TABLE virtual_positions SET (fillfactor = 80);
