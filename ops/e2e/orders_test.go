package e2e_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/tenancy"
)

// orderView is an order with what its workflow made of it.
type orderView struct {
	ID          string               `json:"id"`
	Ref         string               `json:"ref"`
	Status      string               `json:"status"`
	Fulfilments list[fulfilmentView] `json:"fulfilments"`
}

type fulfilmentView struct {
	ID           string `json:"id"`
	Ref          string `json:"ref"`
	Type         string `json:"type"`
	Status       string `json:"status"`
	FromLocation *struct {
		Ref string `json:"ref"`
	} `json:"fromLocation"`
	Items    list[itemView]                    `json:"items"`
	Articles list[struct{ ID, Status string }] `json:"articles"`
}

type itemView struct {
	RequestedQuantity, FilledQuantity, RejectedQuantity int
	OrderItem                                           struct {
		Product struct{ Ref string } `json:"product"`
	} `json:"orderItem"`
}

const orderQuery = `query ($id: ID!) { order: orderById(id: $id) { id ref status fulfilments(first: 50) { edges { node { id ref type status
	fromLocation { ref } articles(first: 20) { edges { node { id status } } }
	items(first: 50) { edges { node { requestedQuantity filledQuantity rejectedQuantity orderItem { product { ... on StandardProduct { ref } } } } } } } } } } }`

// order reads an order whole.
func (x *tenant) order(t *testing.T, id string) orderView {
	t.Helper()
	return ask[struct{ Order orderView }](t, x.client, orderQuery, map[string]any{"id": id}).Order
}

// String prints an order as "BOOKED; KING HD_PFS AWAITING_WAVE KNOTS×2 TIDES×1", fulfilments in the order of their refs.
// Quantities that were picked follow as (filled/rejected).
func (o orderView) String() string {
	fulfilments := o.Fulfilments.nodes()
	sort.Slice(fulfilments, func(i, j int) bool { return fulfilments[i].Ref < fulfilments[j].Ref })
	parts := []string{o.Status}
	for _, f := range fulfilments {
		from := "-"
		if f.FromLocation != nil {
			from = f.FromLocation.Ref
		}
		var lines []string
		for _, i := range f.Items.nodes() {
			line := fmt.Sprintf("%s×%d", i.OrderItem.Product.Ref, i.RequestedQuantity)
			if i.FilledQuantity+i.RejectedQuantity > 0 {
				line += fmt.Sprintf("(%d/%d)", i.FilledQuantity, i.RejectedQuantity)
			}
			lines = append(lines, line)
		}
		sort.Strings(lines)
		parts = append(parts, fmt.Sprintf("%s %s %s %s", from, f.Type, f.Status, strings.Join(lines, " ")))
	}
	return strings.Join(parts, "; ")
}

// becomes waits until an order reads as wanted, and returns it.
func (x *tenant) becomes(t *testing.T, id, want string) orderView {
	t.Helper()
	var now orderView
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		now = x.order(t, id)
		require.Equal(c, want, now.String())
	}, patience, 20*time.Millisecond)
	return now
}

// patience is how long things may take that take milliseconds on a machine with nothing else to do.
const patience = 2 * time.Minute

// at finds the order's fulfilment from a place that is in a status.
func (o orderView) at(t *testing.T, place, status string) fulfilmentView {
	t.Helper()
	for _, f := range o.Fulfilments.nodes() {
		if f.FromLocation != nil && f.FromLocation.Ref == place && f.Status == status {
			return f
		}
	}
	require.Fail(t, "no fulfilment from "+place+" is "+status, "%s", o)
	return fulfilmentView{}
}

// send runs an event and wants a ruleset to have answered it.
func (x *tenant) send(t *testing.T, name, entityType, entityID string, attributes map[string]any) {
	t.Helper()
	require.Equal(t, "COMPLETE", x.sendFor(t, name, entityType, entityID, attributes), "%s of %s %s", name, entityType, entityID)
}

// sendFor runs an event and says what became of it.
func (x *tenant) sendFor(t *testing.T, name, entityType, entityID string, attributes map[string]any) string {
	t.Helper()
	result, err := x.client.SendEvent(context.Background(), "sync", map[string]any{
		"name": name, "entityType": entityType, "entityId": entityID, "retailerId": x.retailer, "attributes": attributes,
	})
	require.NoError(t, err)
	return result.EventStatus
}

// quantities prints what is known of a product at a place, such as "LAST_ON_HAND 4 ACTIVE", sorted.
func (x *tenant) quantities(t *testing.T, product, place string) []string {
	t.Helper()
	type quantity struct {
		Type, Status string
		Quantity     int
	}
	found := ask[struct {
		InventoryPositions list[struct {
			Quantities list[quantity] `json:"quantities"`
		}]
	}](t, x.client, `query ($ref: [String!]) { inventoryPositions(ref: $ref) { edges { node { quantities(first: 50) { edges { node { type status quantity } } } } } } }`,
		map[string]any{"ref": []string{product + ":" + place}})
	require.Len(t, found.InventoryPositions.Edges, 1)
	var all []string
	for _, q := range found.InventoryPositions.Edges[0].Node.Quantities.nodes() {
		all = append(all, fmt.Sprintf("%s %d %s", q.Type, q.Quantity, q.Status))
	}
	sort.Strings(all)
	return all
}

// available reads the quantities that a virtual catalogue offers, by product and group: "ATLAS:YORK" → 1.
func (x *tenant) available(t *testing.T, catalogue string) map[string]int {
	t.Helper()
	found := ask[struct {
		VirtualPositions list[struct {
			ProductRef, GroupRef string
			Quantity             int
		}]
	}](t, x.client, `query ($c: VirtualCatalogueKey) { virtualPositions(catalogue: $c, first: 200) { edges { node { productRef groupRef quantity } } } }`,
		map[string]any{"c": map[string]any{"ref": catalogue + ":" + x.retailer}})
	offered := map[string]int{}
	for _, p := range found.VirtualPositions.nodes() {
		offered[p.ProductRef+":"+p.GroupRef] = p.Quantity
	}
	return offered
}

// offers waits until a virtual catalogue offers exactly that.
func (x *tenant) offers(t *testing.T, catalogue string, want map[string]int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.Equal(c, want, x.available(t, catalogue)) }, patience, 20*time.Millisecond)
}

// balanced wants the books of an account to agree, once everything is at rest.
func (s *system) balanced(t *testing.T, account string) {
	t.Helper()
	s.quiet(t)
	requireBalance(t, s.dsn, account)
}

// requireBalance compares quantities, reservations, orders and availability of an account in the database.
func requireBalance(t *testing.T, dsn, account string) {
	t.Helper()
	scope, err := tenancy.NewScope(tenancy.AccountID(account))
	require.NoError(t, err)
	db, err := store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue()})
	require.NoError(t, err)
	defer db.Close()
	discrepancies, err := stockstore.Ledger(context.Background(), db, scope)
	require.NoError(t, err)
	require.Empty(t, discrepancies, "the books of %s do not agree", account)
}

// newOrder is the input of an order of one line, delivered near the shops of a shop (see shop_test.go).
func (x *tenant) newOrder(ref, customer, product string, quantity int) map[string]any {
	return map[string]any{
		"ref": ref, "type": "HD", "retailer": map[string]any{"id": x.retailer}, "customer": map[string]any{"id": customer}, "totalPrice": 1,
		"items": []any{map[string]any{"ref": ref + "-1", "productRef": product, "productCatalogueRef": "PC:MASTER:" + x.retailer, "quantity": quantity,
			"price": 1, "paidPrice": 1, "currency": "AUD"}},
		"fulfilmentChoice": map[string]any{"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "currency": "AUD",
			"deliveryAddress": map[string]any{"ref": ref, "latitude": -33.88, "longitude": 151.19}},
	}
}

const createOrderDocument = `mutation ($input: CreateOrderInput!) { order: createOrder(input: $input) { id } }`

// place creates an order through a client of the account and returns its id.
func (x *tenant) place(t *testing.T, client *apiclient.Client, input map[string]any) string {
	t.Helper()
	return ask[struct{ Order struct{ ID string } }](t, client, createOrderDocument, map[string]any{"input": input}).Order.ID
}
