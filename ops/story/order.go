package story

import (
	"context"
	"fmt"
	"strings"
)

// basket is what the shopper orders: three books, of which no place has all.
var basket = []struct {
	book     int // index in books
	quantity int
}{{0, 1}, {1, 2}, {2, 1}}

// order places the shopper's order, delivered near the two shops.
func (t *Teller) order(ctx context.Context) (string, error) {
	var items []any
	total := 0.0
	for i, line := range basket {
		b := books[line.book]
		amount := b.price * float64(line.quantity)
		total += amount
		items = append(items, map[string]any{
			"ref": fmt.Sprintf("HB-1-%d", i+1), "productRef": b.ref, "productCatalogueRef": "PC:MASTER:" + t.retailer, "quantity": line.quantity,
			"price": b.price, "paidPrice": b.price, "totalPrice": amount, "totalTaxPrice": amount / 10, "currency": "AUD",
		})
	}
	retailer := map[string]any{"id": t.retailer}
	input := map[string]any{
		"ref": "HB-1", "type": "HD", "retailer": retailer, "items": items, "totalPrice": total, "totalTaxPrice": total / 10,
		"customer": map[string]any{
			"username": "wen@example.com", "firstName": "Wen", "lastName": "Li", "primaryEmail": "wen@example.com", "timezone": "Australia/Sydney",
			"promotionOptIn": false, "retailer": retailer,
		},
		"fulfilmentChoice": map[string]any{
			"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "currency": "AUD",
			"deliveryAddress": map[string]any{
				"ref": "HB-1", "name": "Wen Li", "street": "14 Glebe Point Road", "city": "Glebe", "state": "NSW", "postcode": "2037", "country": "AU",
				"latitude": -33.8830, "longitude": 151.1880,
			},
		},
	}
	var made struct {
		CreateOrderAndCustomer Order `json:"createOrderAndCustomer"`
	}
	query := `mutation ($input: CreateOrderAndCustomerInput!) { createOrderAndCustomer(input: $input) { id ref status } }`
	if err := t.client.GraphQL(ctx, query, map[string]any{"input": input}, &made); err != nil {
		return "", err
	}
	t.Order = made.CreateOrderAndCustomer
	return fmt.Sprintf("places order %s of %d lines, total %.2f AUD", t.Order.Ref, len(items), total), nil
}

// fulfil waits until the workflow has booked the order and every fulfilment waits for its place to pick it.
func (t *Teller) fulfil(ctx context.Context) (string, error) {
	query := `query ($id: ID!) { orderById(id: $id) { id ref status fulfilments(first: 20) { edges { node { ref type status fromLocation { ref }
		items(first: 20) { edges { node { requestedQuantity orderItem { product { ... on StandardProduct { ref } } } } } } } } } } }`
	err := t.until(ctx, "the order's fulfilments", func() (bool, error) {
		var found struct {
			OrderByID struct {
				Order
				Fulfilments struct {
					Edges []struct{ Node Fulfilment }
				}
			} `json:"orderById"`
		}
		if err := t.client.GraphQL(ctx, query, map[string]any{"id": t.Order.ID}, &found); err != nil {
			return false, err
		}
		t.Order, t.Fulfilments = found.OrderByID.Order, nil
		waiting := 0
		for _, e := range found.OrderByID.Fulfilments.Edges {
			t.Fulfilments = append(t.Fulfilments, e.Node)
			if e.Node.Status == "AWAITING_WAVE" || e.Node.Status == "SENT_TO_WMS" {
				waiting++
			}
		}
		return t.Order.Status == "BOOKED" && waiting > 0 && waiting == len(t.Fulfilments), nil
	})
	var parts []string
	for _, f := range t.Fulfilments {
		var lines []string
		for _, e := range f.Items.Edges {
			lines = append(lines, fmt.Sprintf("%s×%d", e.Node.OrderItem.Product.Ref, e.Node.RequestedQuantity))
		}
		parts = append(parts, fmt.Sprintf("%s from %s (%s, %s)", f.Ref, f.FromLocation.Ref, strings.Join(lines, " "), f.Status))
	}
	return fmt.Sprintf("order %s is %s:\n%s", t.Order.Ref, t.Order.Status, strings.Join(parts, ";\n")), err
}
