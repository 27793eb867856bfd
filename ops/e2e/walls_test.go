package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/ops/apiclient"
)

// owned is what the demo account has of a type: its newest entity.
type owned struct {
	typ  *catalogue.Type
	node map[string]any
}

// newest finds an account's newest entity of a type, with the fields that can address it; nil when it has none.
func newest(ctx context.Context, t *testing.T, client *apiclient.Client, typ *catalogue.Type) *owned {
	t.Helper()
	var found map[string]struct {
		Edges []struct {
			Node map[string]any `json:"node"`
		} `json:"edges"`
	}
	query := fmt.Sprintf(`{ %s(last: 1) { edges { node { %s } } } }`, typ.Plural, strings.Join(addressing(typ), " "))
	require.NoError(t, client.GraphQL(ctx, query, nil, &found), query)
	if len(found[typ.Plural].Edges) == 0 {
		return nil
	}
	return &owned{typ, found[typ.Plural].Edges[0].Node}
}

// addressing lists the selections that a type's reads and updates address it by.
func addressing(typ *catalogue.Type) []string {
	selections := []string{"id"}
	if typ.Field("id").Hidden {
		selections[0] = "__typename"
	}
	for _, f := range typ.Key {
		if f.Ref != nil {
			selections = append(selections, f.Name+" { "+cmp.Or(f.Wrap, "ref")+" }")
		} else {
			selections = append(selections, f.Name)
		}
	}
	for _, get := range typ.Gets {
		for _, arg := range get.Args {
			if arg.Field.Ref == nil {
				selections = append(selections, arg.Field.Name)
			}
		}
	}
	if typ.Update != nil {
		for _, f := range typ.Update.Input.Fields { // a customer is found by his username
			if plain := typ.Field(f.Name); f.Identify && plain != nil && plain.Ref == nil {
				selections = append(selections, f.Name)
			}
		}
	}
	return selections
}

// TestNoEntityCrossesTheWall tries, for each entity type, to reach the demo account's newest entity from another account: by every
// read, by search, and by update.
func TestNoEntityCrossesTheWall(t *testing.T) {
	s := shared(t)
	ctx := context.Background()
	outside := administrator(t, s.stack).account(t, "WALLS", "ELSEWHERE").client
	s.raise(t)
	s.quiet(t)
	tried := 0
	for _, typ := range domain.Catalogue().Types() {
		if typ.Plural == "" || typ.Name == "Permission" {
			continue
		}
		mine := newest(ctx, t, s.client, typ)
		if mine == nil || typ.Name == "Retailer" { // both accounts have a retailer 1; its data differ, see below
			continue
		}
		tried++
		t.Run(typ.Name, func(t *testing.T) {
			mine.readFrom(ctx, t, outside)
			mine.updateFrom(ctx, t, outside)
			if theirs := newest(ctx, t, outside, typ); theirs != nil && typ.IDKind == catalogue.UUID {
				require.NotEqual(t, mine.node["id"], theirs.node["id"])
			}
		})
	}
	require.GreaterOrEqual(t, tried, 20)

	var retailer struct{ RetailerByID struct{ Ref string } }
	require.NoError(t, outside.GraphQL(ctx, `{ retailerByID: retailerById(id: 1) { ref } }`, nil, &retailer))
	require.Equal(t, "ELSEWHERE", retailer.RetailerByID.Ref)
}

// raise gives the demo account one more of each type of which every account has some from the start, so that ids and refs that are
// tried are its own alone.
func (s *system) raise(t *testing.T) {
	t.Helper()
	const query = `mutation ($network: CreateNetworkInput!, $user: CreateUserInput!, $role: CreateRoleInput!, $products: CreateProductCatalogueInput!,
		$inventory: CreateInventoryCatalogueInput!, $virtual: CreateVirtualCatalogueInput!) { createNetwork(input: $network) { id } createUser(input: $user) { id }
		createRole(input: $role) { id } createProductCatalogue(input: $products) { id } createInventoryCatalogue(input: $inventory) { id }
		createVirtualCatalogue(input: $virtual) { id } }`
	retailer := []any{map[string]any{"id": s.stack.Ready.Demo.RetailerID}}
	catalogue := map[string]any{"ref": "WALL", "name": "Wall", "type": "DEFAULT", "retailerRefs": []any{"DEMO"}}
	virtual := map[string]any{"ref": "WALL", "name": "Wall", "type": "BASE", "inventoryCatalogueRef": "DEFAULT:1", "productCatalogueRef": "PC:MASTER:1", "retailerRefs": []any{"DEMO"}}
	ask[map[string]any](t, s.client, query, map[string]any{
		"network": map[string]any{"name": "WALL", "retailers": retailer},
		"user": map[string]any{"ref": "WALL", "username": "wall", "password": "a long enough password", "type": "ADMIN", "firstName": "Wall",
			"primaryEmail": "wall@example.com", "timezone": "Australia/Sydney"},
		"role": map[string]any{"name": "WALL"}, "products": catalogue, "inventory": catalogue, "virtual": virtual,
	})
}

// readFrom tries every read of the type.
func (o *owned) readFrom(ctx context.Context, t *testing.T, outside *apiclient.Client) {
	t.Helper()
	for _, get := range o.typ.Gets {
		for _, args := range o.arguments(get) {
			var found map[string]any
			query := fmt.Sprintf(`{ found: %s(%s) { id } }`, get.Name, args)
			require.NoError(t, outside.GraphQL(ctx, query, nil, &found), query)
			require.Nil(t, found["found"], "%s reached another account's %s", query, o.typ.Name)
		}
	}
}

// arguments prints the arguments of a read: all together where all are required, one by one where they are alternatives.
func (o *owned) arguments(get catalogue.Get) []string {
	var required, alternatives []string
	for _, arg := range get.Args {
		value := o.node[arg.Field.Name]
		if value == nil {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // it was JSON a moment ago
		}
		if key, ok := value.(map[string]any); ok {
			text = nil
			for name, v := range key { // the one that was selected
				text = fmt.Appendf(nil, `{%s: %q}`, name, fmt.Sprint(v))
			}
		}
		one := arg.Field.Name + ": " + string(text)
		if strings.HasSuffix(arg.Type, "!") {
			required = append(required, one)
		} else {
			alternatives = append(alternatives, one)
		}
	}
	if len(required) > 0 {
		return []string{strings.Join(required, ", ")}
	}
	return alternatives
}

// shared refs are those that every account's own rows have too, so an update by ref would change the stranger's own row.
func (o *owned) updateFrom(ctx context.Context, t *testing.T, outside *apiclient.Client) {
	t.Helper()
	if o.typ.Update == nil {
		return
	}
	input := map[string]any{}
	for _, f := range o.typ.Update.Input.Fields {
		switch {
		case f.Identify:
			input[f.Name] = o.node[f.Name]
		case f.Required:
			input[f.Name] = filler[f.Name]
		}
	}
	query := fmt.Sprintf(`mutation ($input: %s) { %s(input: $input) { id } }`, o.typ.Update.Input.Name, o.typ.Update.Name)
	err := outside.GraphQL(ctx, query, map[string]any{"input": input}, nil)
	var refused *apiclient.GraphQLError
	require.ErrorAs(t, err, &refused, "%s changed another account's %s: %v", o.typ.Update.Name, o.typ.Name, input)
	require.Equal(t, "C0120E", refused.Errors[0].Extensions["code"], "%v", err)
}

// filler are values for what updates require besides the key.
var filler = map[string]any{"text": "x", "context": "ACCOUNT", "contextId": 0, "valueType": "STRING"}

// TestNoRouteCrossesTheWall tries the REST routes, hosts and references with the demo account's ids.
func TestNoRouteCrossesTheWall(t *testing.T) {
	s := shared(t)
	ctx := context.Background()
	outside := administrator(t, s.stack).account(t, "ROUTES", "ELSEWHERE").client
	s.quiet(t)
	order := newest(ctx, t, s.client, domain.Catalogue().Type("Order"))
	events, err := s.client.Events(ctx, url.Values{"count": {"5"}}, 5)
	require.NoError(t, err)
	require.NotEmpty(t, events)
	conn := s.connect(t)
	var job, batch string
	require.NoError(t, conn.QueryRow(ctx, `SELECT job_id::TEXT, id::TEXT FROM batches WHERE account_id = $1 LIMIT 1`, s.stack.Ready.Demo.Account).Scan(&job, &batch))

	notFound := func(name, method, path string, body any) {
		t.Run(name, func(t *testing.T) {
			var status *apiclient.StatusError
			require.ErrorAs(t, outside.Do(ctx, method, path, body, nil), &status, "%s %s answered", method, path)
			require.Equal(t, http.StatusNotFound, status.Status, "%s", status.Body)
		})
	}
	for _, e := range events {
		notFound("event by id", http.MethodGet, "/api/v4.1/event/"+e.ID, nil)
	}
	event := map[string]any{"name": "OrderCancel", "entityType": "ORDER", "entityRef": "HD-0001", "retailerId": "1"}
	notFound("event by ref", http.MethodPost, "/api/v4.1/event/sync", event)
	notFound("async event by ref", http.MethodPost, "/api/v4.1/event/async", event)
	notFound("event by entity id", http.MethodPost, "/api/v4.1/event/sync",
		map[string]any{"name": "OrderCancel", "entityType": "ORDER", "entityId": order.node["id"], "retailerId": "1"})
	notFound("job", http.MethodGet, "/api/v4.1/job/"+job, nil)
	notFound("job results", http.MethodGet, "/api/v4.1/job/"+job+"/results", nil)
	notFound("batch", http.MethodGet, "/api/v4.1/job/"+job+"/batch/"+batch, nil)
	notFound("new batch", http.MethodPost, "/api/v4.1/job/"+job+"/batch", map[string]any{
		"action": "UPSERT", "entityType": "INVENTORY", "entities": []any{map[string]any{"locationRef": "DC-SYD", "skuRef": "TOPS-01-S", "qty": 1}}})

	of := "/api/v4.1/order/" + fmt.Sprint(order.node["id"])
	notFound("older order", http.MethodGet, of, nil)
	notFound("its fulfilments", http.MethodGet, of+"/fulfilment", nil)
	notFound("a change of it", http.MethodPut, of, map[string]any{"status": "LOST"})
	notFound("a payment of it", http.MethodPost, of+"/transaction", map[string]any{"ref": "X", "type": "PAYMENT", "amount": 1, "currency": "AUD", "paymentMethod": "CASH"})
	for _, list := range []string{"order", "location?retailerId=1&query=DC-SYD"} {
		var found struct{ Results []any }
		require.NoError(t, outside.Do(ctx, http.MethodGet, "/api/v4.1/"+list, nil, &found))
		require.Empty(t, found.Results, list)
	}
	t.Run("event search", func(t *testing.T) {
		found, err := outside.Events(ctx, url.Values{"context.entityRef": {"HD-0001"}}, 10)
		require.NoError(t, err)
		require.Empty(t, found)
	})
	t.Run("a token on another account's host", func(t *testing.T) {
		token, err := outside.Token(ctx)
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.stack.Ready.Gateway+"/api/v4.1/event", nil)
		require.NoError(t, err)
		req.Host = strings.ToLower(s.stack.Ready.Demo.Account) + ".localhost"
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	})
	t.Run("a reference to another account's customer", func(t *testing.T) {
		err := outside.GraphQL(ctx, `mutation ($input: CreateOrderInput) { createOrder(input: $input) { id } }`, map[string]any{"input": map[string]any{
			"ref": "W-1", "type": "HD", "retailer": map[string]any{"id": "1"}, "customer": map[string]any{"id": s.customer(ctx, t)}, "items": []any{},
		}}, nil)
		var refused *apiclient.GraphQLError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "C0120E", refused.Errors[0].Extensions["code"])
	})
}
