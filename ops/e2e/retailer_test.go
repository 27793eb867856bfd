package e2e_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// made is what comes with a new retailer.
type made struct {
	Catalogues struct {
		Edges []struct{ Node struct{ Ref string } }
	}
	Locations struct {
		Edges []struct{ Node struct{ Ref string } }
	}
}

const newRetailer = `mutation ($input: CreateRetailerInput) { createRetailer(input: $input) { id ref summary tradingName primaryEmail status
	networks { edges { node { ref } } } } }`

func (s *system) inspect(t *testing.T, id string) made {
	t.Helper()
	var out made
	require.NoError(t, s.client.GraphQL(context.Background(), `query ($refs: [String!], $rejected: [String!]) {
		catalogues: virtualCatalogues(ref: $refs) { edges { node { ref } } }
		locations(ref: $rejected) { edges { node { ref } } }
	}`, map[string]any{"refs": []string{"BASE:" + id, "HD_AGG:" + id}, "rejected": []string{"REJ" + id}}, &out))
	return out
}

// TestTenantsMakeRetailers: a retailer that a tenant makes through GraphQL is one that the operator could have made, and takes orders at once.
func TestTenantsMakeRetailers(t *testing.T) {
	s := shared(t)
	ctx := context.Background()
	input := map[string]any{
		"name": "OUTLET", "tradingName": "The Outlet", "summary": "Last season", "primaryEmail": "outlet@example.com",
		"networks": []map[string]any{{"ref": "NET_OUTLET", "type": "HD"}},
	}
	var answer struct {
		CreateRetailer struct {
			ID, Ref, Summary, TradingName, PrimaryEmail, Status string
			Networks                                            struct {
				Edges []struct{ Node struct{ Ref string } }
			}
		}
	}
	begin := time.Now()
	require.NoError(t, s.client.GraphQL(ctx, newRetailer, map[string]any{"input": input}, &answer))
	t.Logf("retailer ready after %v", time.Since(begin))
	got := answer.CreateRetailer
	require.Equal(t, []string{"OUTLET", "Last season", "The Outlet", "outlet@example.com", "ACTIVE"}, []string{got.Ref, got.Summary, got.TradingName, got.PrimaryEmail, got.Status})
	var networks []string
	for _, e := range got.Networks.Edges {
		networks = append(networks, e.Node.Ref)
	}
	slices.Sort(networks)
	require.Equal(t, []string{"NET_ALL", "NET_CC", "NET_HD", "NET_OUTLET"}, networks)
	s.takesOrders(t, got.ID)

	made := s.inspect(t, got.ID)
	require.Len(t, made.Catalogues.Edges, 2)
	require.Len(t, made.Locations.Edges, 1)

	err := s.client.GraphQL(ctx, newRetailer, map[string]any{"input": map[string]any{"name": "OUTLET"}}, nil)
	require.ErrorContains(t, err, "C0123E")
	err = s.client.GraphQL(ctx, newRetailer, map[string]any{"input": map[string]any{"name": "SPACED OUT"}}, nil)
	require.ErrorContains(t, err, "C0160E")

	list, err := controlplanev1connect.NewRetailerServiceClient(operator(t, s.stack)).ListRetailers(ctx, &cpv1.ListRetailersRequest{Account: "DEMO"})
	require.NoError(t, err)
	last := list.GetRetailers()[len(list.GetRetailers())-1]
	require.Equal(t, "OUTLET", last.GetRef())
	require.Equal(t, cpv1.RetailerState_RETAILER_STATE_ACTIVE, last.GetState())
}

// takesOrders places an order with a retailer and sees its workflow work.
func (s *system) takesOrders(t *testing.T, retailer string) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, s.client.GraphQL(ctx, `mutation ($input: CreateStandardProductInput) { createStandardProduct(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"ref": "CAP", "type": "STANDARD", "gtin": "2990000000015", "name": "Cap", "catalogue": map[string]any{"ref": "PC:MASTER:" + retailer},
	}}, nil))
	shopper := (&tenant{client: s.client, retailer: retailer}).shopper(t, "cara")
	var order struct {
		CreateOrder struct {
			ID              string
			WorkflowRef     string
			WorkflowVersion int
		}
	}
	require.NoError(t, s.client.GraphQL(ctx, `mutation ($input: CreateOrderInput) { createOrder(input: $input) { id workflowRef workflowVersion } }`, map[string]any{"input": map[string]any{
		"ref": "OUTLET-1", "type": "HD", "retailer": map[string]any{"id": retailer}, "customer": map[string]any{"id": shopper},
		"items": []map[string]any{{"ref": "OUTLET-1-1", "productRef": "CAP", "productCatalogueRef": "PC:MASTER:" + retailer, "quantity": 1}},
		"fulfilmentChoice": map[string]any{"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "currency": "AUD", "deliveryAddress": map[string]any{
			"ref": "OUTLET-1-A", "street": "1 High Street", "city": "Sydney", "postcode": "2000", "country": "AU", "latitude": -33.87, "longitude": 151.21,
		}},
	}}, &order))
	require.Equal(t, "ORDER::HD", order.CreateOrder.WorkflowRef)
	require.NotZero(t, order.CreateOrder.WorkflowVersion, "the node works by the retailer's workflows")
	require.Eventually(t, func() bool {
		var now struct{ OrderByID struct{ Status string } }
		err := s.client.GraphQL(ctx, `query ($id: ID!) { orderById(id: $id) { status } }`, map[string]any{"id": order.CreateOrder.ID}, &now)
		return err == nil && now.OrderByID.Status != "" && now.OrderByID.Status != "CREATED"
	}, time.Minute, 50*time.Millisecond, "the order's workflow does not run")
}
