-- +goose Up
-- +goose NO TRANSACTION
-- Addresses of orders that were made before an address said whose it is: its order's retailer's.
UPDATE addresses SET retailer_id = o.retailer_id FROM fulfilment_choices c, orders o
WHERE addresses.kind = 'CustomerAddress' AND addresses.retailer_id IS NULL AND c.account_id = addresses.account_id
  AND c.delivery_address_id = addresses.id AND o.account_id = c.account_id AND o.id = c.order_id;
