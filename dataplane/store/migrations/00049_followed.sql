-- +goose Up
-- +goose NO TRANSACTION
-- Fulfilments and return orders are what warehouses, stores and books are kept in step with, by polling for what was updated since. Without an index
-- such a poll looks at rows in the order of their creation, ever more of them, and is refused where it has looked at 500,000. A fulfilment is updated
-- when its status changes, which moves it in another index already (by location and status), so no update that was HOT ceases to be: the index costs
-- one entry at its right end for each version of a row, about a percent of an order's time, and a return less. Waves, consignments, articles and
-- quantities have none: they are found by their location, fulfilment or ref, are fewer or change by HOT updates, and the change feed tells of them.
CREATE INDEX IF NOT EXISTS fulfilments_updated_on_idx ON fulfilments (account_id, updated_on);

CREATE INDEX IF NOT EXISTS return_orders_updated_on_idx ON return_orders (account_id, updated_on);

-- What is delivered to a location is found from there by who has a role at it. Addresses of customers have no location, and no entry.
CREATE INDEX IF NOT EXISTS addresses_location_id_idx ON addresses (account_id, location_id) WHERE location_id IS NOT NULL;
