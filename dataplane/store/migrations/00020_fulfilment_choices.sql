-- +goose Up
-- +goose NO TRANSACTION
-- A choice has a type, and follows a workflow: those of choices that were made before are their order's. Its connection from the order needs an
-- index in the order of pages, which serves what the old one did.
ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS type TEXT NOT NULL DEFAULT '';
ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS status TEXT;
ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS workflow_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE fulfilment_choices ADD COLUMN IF NOT EXISTS workflow_version INT8 NOT NULL DEFAULT 0;
UPDATE fulfilment_choices SET type = o.type, status = 'CREATED', workflow_ref = o.workflow_ref, workflow_version = o.workflow_version FROM orders o
WHERE fulfilment_choices.type = '' AND o.account_id = fulfilment_choices.account_id AND o.id = fulfilment_choices.order_id;
CREATE INDEX IF NOT EXISTS fulfilment_choices_order_id_created_on_id_idx ON fulfilment_choices (account_id, order_id, created_on, id);
DROP INDEX IF EXISTS fulfilment_choices_order_id_idx;
