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

// Claim shows what the platform's own types do not all have: a link, and a reference that is shown as one.
type Claim struct {
	catalogue.Node
	RetailerID      catalogue.ID            `oms:"ref=Retailer,by=RetailerId,wrap=RetailerLink,create=!"`
	OrderRef        string                  `oms:"hidden"`
	OrderRetailerID catalogue.ID            `oms:"hidden,ref=Retailer"`
	Order           catalogue.CompositeLink `oms:"of=OrderLink,on=ref:orderRef+retailer.id:orderRetailer,by=OrderLinkInput"`
}

// TestLinksShowToPaths: by the members that the API shows; a link without any of them is nothing.
func TestLinksShowToPaths(t *testing.T) {
	t.Parallel()
	types, err := catalogue.New(append(domain.Specs(), catalogue.Spec{Types: []catalogue.TypeSpec{{Go: Claim{}, Retailer: "retailer"}}})...)
	require.NoError(t, err)
	for path, want := range map[string]any{
		"order": "O-1", "order.ref": "O-1", "order.retailer.id": "7", "order.retailer.ref": nil, "order.id": nil, "retailer": "3", "retailer.id": "3", "retailer.ref": nil,
	} {
		got, ok := first(types, &Claim{RetailerID: "3", OrderRef: "O-1", OrderRetailerID: "7"}, path)
		require.Equal(t, want, got, path)
		require.Equal(t, want != nil, ok, path)
		_, ok = first(types, &Claim{}, path)
		require.False(t, ok, path)
	}
}

func first(types *catalogue.Catalogue, entity any, at string) (any, bool) {
	return path.First(rule.EntityView(types, nil, entity), at)
}
