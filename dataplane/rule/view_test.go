package rule_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/security"
)

// TestWhatAnEntityShowsToPaths: value objects by the names of the API, a reference as the id, what the API wraps either way; nothing that is empty,
// and no secret.
func TestWhatAnEntityShowsToPaths(t *testing.T) {
	t.Parallel()
	product := &inventory.StandardProduct{ProductFields: inventory.ProductFields{Ref: "P", Prices: []inventory.Price{{Type: "RRP", Currency: "AUD", Value: 9.5}}}}
	fulfilment := &order.Fulfilment{OrderID: "7", FromLocationRef: "A", Attributes: catalogue.Attributes{{Name: "n", Type: "JSON", Value: map[string]any{"a": 1.0}}}}
	user := &security.User{Username: "ann", PasswordHash: "$2a$"}
	for _, c := range []struct {
		entity any
		path   string
		want   any
	}{
		{product, "prices.0.currency", "AUD"},
		{product, "prices.edges.node.value", 9.5},
		{product, "prices.length", 1.0},
		{product, "name", nil},
		{fulfilment, "order", "7"},
		{fulfilment, "order.status", nil},
		{fulfilment, "fromLocation", "A"},
		{fulfilment, "fromLocation.ref", "A"},
		{fulfilment, "fromLocation.name", nil},
		{fulfilment, "toAddress", nil},
		{fulfilment, "items.0.ref", nil},
		{fulfilment, "attributes.byName.n.a", 1.0},
		{fulfilment, "attributes.n.a", 1.0},
		{user, "username", "ann"},
		{user, "passwordHash", nil},
	} {
		got, ok := path.First(rule.EntityView(domain.Catalogue(), nil, c.entity), c.path)
		require.Equal(t, c.want, got, c.path)
		require.Equal(t, c.want != nil, ok, c.path)
	}
	for _, f := range domain.Catalogue().TypeOf(user).Fields {
		if f.Hidden && f.Personal {
			_, ok := path.First(rule.EntityView(domain.Catalogue(), nil, user), f.Name)
			require.False(t, ok, f.Name)
		}
	}
}
