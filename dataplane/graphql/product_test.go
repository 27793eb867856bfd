package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// kinds makes a product of each kind in a catalogue.
func (w *world) kinds(in string) {
	w.t.Helper()
	w.data(fmt.Sprintf(`mutation { createStandardProduct(input: {ref: "Shirt", type: "STANDARD", gtin: "1", name: "Shirt", summary: "Cotton", catalogue: {ref: %[1]q}}) { id }
		createVariantProduct(input: {ref: "Shirt-S", type: "VARIANT", gtin: "2", name: "Shirt, small", catalogue: {ref: %[1]q}, product: {ref: "Shirt", catalogue: {ref: %[1]q}}}) { id }
		createGroupProduct(input: {ref: "Shirt-set", type: "SET", name: "Set of shirts", catalogue: {ref: %[1]q}, products: [{ref: "Shirt-S", catalogue: {ref: %[1]q}}]}) { id } }`, in), "")
}

func TestGroupProducts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1", "P2")
	w.data(`mutation { createCategory(input: {ref: "KITS", type: "C", name: "Kits", catalogue: {ref: "PC:MASTER:1"}}) { id } }`, "")
	const shown = `{ __typename id ref type status workflowRef workflowVersion name summary prices { type currency value } tax { country group tariff } catalogue { ref } attributes { name value } categories { edges { node { ref } } } }`
	made := w.data(`mutation($c: ProductCatalogueKey!) { createGroupProduct(input: {ref: "KIT", type: "KIT", name: "A kit", summary: "Two things", catalogue: $c, categories: [{ref: "KITS", catalogue: $c}],
		products: [{ref: "P1", catalogue: $c}, {ref: "P2", catalogue: $c}], prices: [{type: "RRP", currency: "AUD", value: 15}], taxType: {country: "AU", group: "G", tariff: "T"},
		attributes: [{name: "a", type: "STRING", value: "1"}]}) `+shown+` }`, `{"c":{"ref":"PC:MASTER:1"}}`)
	id := at(made, "createGroupProduct.id")
	want := map[string]any{
		"__typename": "GroupProduct", "id": id, "ref": "KIT", "type": "KIT", "status": "CREATED", "workflowRef": "PRODUCT_CATALOGUE::MASTER", "workflowVersion": 10003.0,
		"name": "A kit", "summary": "Two things", "prices": []any{map[string]any{"type": "RRP", "currency": "AUD", "value": 15.0}},
		"tax": map[string]any{"country": "AU", "group": "G", "tariff": "T"}, "catalogue": map[string]any{"ref": "PC:MASTER:1"}, "attributes": []any{map[string]any{"name": "a", "value": "1"}},
		"categories": map[string]any{"edges": []any{map[string]any{"node": map[string]any{"ref": "KITS"}}}},
	}
	require.Equal(t, want, at(made, "createGroupProduct"))
	e := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []string{"CREATE", "PRODUCT", "KIT", "PRODUCT_CATALOGUE", "PC:MASTER:1"}, []string{e.Name, e.EntityType, e.EntityRef, e.RootType, e.RootRef})
	read := `query { groupProduct(ref: "KIT", catalogue: {ref: "PC:MASTER:1"}) ` + shown + ` }`
	require.Equal(t, want, at(w.data(read, ""), "groupProduct"))
	require.Equal(t, 2, w.members(id), "what is in the kit is kept, though the API does not show it")

	w.data(`mutation($c: ProductCatalogueKey!) { updateGroupProduct(input: {ref: "KIT", catalogue: $c, status: "ACTIVE", products: [{ref: "P1", catalogue: $c}],
		prices: [{type: "RRP", currency: "NZD", value: 17}], attributes: [{name: "b", type: "STRING", value: "2"}]}) { id } }`, `{"c":{"ref":"PC:MASTER:1"}}`)
	changed := at(w.data(read, ""), "groupProduct")
	require.Equal(t, []any{"ACTIVE", "A kit", "NZD", "b"}, []any{at(changed, "status"), at(changed, "name"), at(changed, "prices.1.currency"), at(changed, "attributes.1.name")}, "lists merge")
	require.Equal(t, 2, w.members(id), "P1 is in it once")
	w.data(`mutation($c: ProductCatalogueKey!) { removeCategoriesFromGroupProduct(input: {groupProduct: {ref: "KIT", catalogue: $c}, categories: [{ref: "KITS", catalogue: $c}]}) { status } }`, `{"c":{"ref":"PC:MASTER:1"}}`)
	require.Empty(t, at(w.data(read, ""), "groupProduct.categories.edges"))

	for _, c := range []struct{ given, code, field string }{
		{`ref: "K2", type: "KIT", name: "K", products: [{ref: "P1", catalogue: {ref: "PC:MASTER:1"}}, {ref: "NONE", catalogue: {ref: "PC:MASTER:1"}}]`, "C0120E", "input.products[1]"},
		{`ref: "KIT", type: "KIT", name: "K"`, "C0123E", "input.ref"},
		{`ref: "P1", type: "KIT", name: "K"`, "C0123E", "input.ref"},
		{`ref: "K2", type: "` + strings.Repeat("T", 51) + `", name: "K"`, "C0141E", "input.type"},
	} {
		e := w.failure(`mutation { createGroupProduct(input: {catalogue: {ref: "PC:MASTER:1"}, `+c.given+`}) { id } }`, "")
		require.Equal(t, []string{c.code, c.field}, []string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", c.given, e.Message)
	}
	require.Len(t, at(w.data(`{ groupProducts { edges { node { ref } } } }`, ""), "groupProducts.edges"), 1)
	order := w.data(createOrder, strings.Replace(orderInput("O-1", w.shopper("lee")), `"P2"`, `"KIT"`, 1))
	require.Equal(t, "A kit", at(order, "createOrder.items.edges.1.node.product.name"), "a kit can be ordered")
}

// members counts what is in a group.
func (w *world) members(group any) int {
	w.t.Helper()
	scope, err := tenancy.NewScope("ACME")
	require.NoError(w.t, err)
	edge := domain.Catalogue().Type("GroupProduct").Edge("products")
	res, err := w.db.Reader(scope).Select(w.t.Context(), store.Query{Type: edge.Target, Parents: &store.Parents{Edge: edge, IDs: []catalogue.ID{catalogue.ID(group.(string))}}})
	require.NoError(w.t, err)
	return len(res.Groups[0].Rows)
}

// Products of all kinds are found, read and changed alike.
func TestProductsOfAnyKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	w.shop()
	w.data(`mutation { createProductCatalogue(input: {ref: "PC2", type: "MASTER", name: "Other", retailerRefs: "SECOND"}) { id } }`, "")
	w.kinds("PC:MASTER:1")
	w.kinds("PC2")
	list := func(w *world, args string) (out []string) {
		w.t.Helper()
		edges, _ := at(w.data(`{ products`+args+` { edges { node { __typename ref status ... on VariantProduct { product { ref } } } } } }`, ""), "products.edges").([]any)
		for _, e := range edges {
			out = append(out, at(e, "node.__typename").(string)+" "+at(e, "node.ref").(string))
		}
		return out
	}
	all := []string{"StandardProduct Shirt", "VariantProduct Shirt-S", "GroupProduct Shirt-set"}
	require.Equal(t, all, list(w, `(catalogue: {ref: "PC2"})`))
	require.Equal(t, append(append([]string{}, all...), all...), list(w, `(first: 10)`))
	require.Equal(t, all[1:], list(w, `(ref: "shirt-%", catalogue: {ref: "PC2"})`), "case does not matter to wildcards")
	require.Equal(t, all[2:], list(w, `(name: ["set of %"], catalogue: {ref: "PC2"})`))
	require.Equal(t, all[:1], list(w, `(type: "STANDARD", catalogue: {ref: "PC2"})`))
	require.Equal(t, all, list(w.as(adminOf("ACME", 2)), ``), "those of the retailer's catalogues only")
	page := w.data(`{ products(first: 4) { pageInfo { hasNextPage endCursor } } }`, "")
	require.Equal(t, all[1:], list(w, fmt.Sprintf(`(after: %q)`, at(page, "products.pageInfo.endCursor"))))

	update := func(w *world, given string) string {
		return fmt.Sprintf(`mutation { updateProduct(input: {catalogue: {ref: "PC2"}, %s}) { __typename id ref name status summary prices { value } attributes { name } catalogue { ref } ... on VariantProduct { gtin product { ref } } } }`, given)
	}
	got := w.data(update(w, `ref: "Shirt-S", name: "S", status: "ACTIVE", summary: "small", prices: {type: "RRP", currency: "AUD", value: 1}, attributes: {name: "n", type: "T", value: 1}`), "")
	require.Equal(t, []any{"VariantProduct", "S", "ACTIVE", "small", 1.0, "n", "PC2", "2", "Shirt"}, []any{at(got, "updateProduct.__typename"), at(got, "updateProduct.name"), at(got, "updateProduct.status"),
		at(got, "updateProduct.summary"), at(got, "updateProduct.prices.0.value"), at(got, "updateProduct.attributes.0.name"), at(got, "updateProduct.catalogue.ref"), at(got, "updateProduct.gtin"), at(got, "updateProduct.product.ref")})
	require.Equal(t, "GroupProduct", at(w.data(update(w, `ref: "Shirt-set", productType: "GROUP", name: "Sets"`), ""), "updateProduct.__typename"))
	require.Equal(t, "StandardProduct", at(w.data(update(w, `ref: "Shirt", productType: "STANDARD", taxType: {country: "AU", group: "G", tariff: "T"}`), ""), "updateProduct.__typename"))
	require.Equal(t, "Shirt, small", at(w.data(`{ variantProduct(ref: "Shirt-S", catalogue: {ref: "PC:MASTER:1"}) { name } }`, ""), "variantProduct.name"), "the other catalogue's is as it was")
	for _, c := range []struct{ given, code, field string }{
		{`ref: "Shirt", productType: "GROUP", name: "X"`, "C0120E", "input.productType"},
		{`ref: "Shirt", productType: "KIT", name: "X"`, "C0160E", "input.productType"},
		{`ref: "NONE", name: "X"`, "C0120E", "input"},
		{`ref: "Shirt", name: null`, "C0140E", "input.name"},
		{`ref: "Shirt", summary: "` + strings.Repeat("s", 256) + `"`, "C0141E", "input.summary"},
		{`ref: "Shirt", prices: {type: "RRP", currency: "AUD", value: -1}`, "C0122E", "input.prices[0].value"},
	} {
		e := w.failure(update(w, c.given), "")
		require.Equal(t, []string{c.code, c.field}, []string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", c.given, e.Message)
	}
	require.Equal(t, "Shirt", at(w.data(`{ standardProduct(ref: "Shirt", catalogue: {ref: "PC2"}) { name } }`, ""), "standardProduct.name"))
	limited := w.as(adminOf("ACME", 1))
	require.Equal(t, "C0120E", limited.failure(update(w, `ref: "Shirt", name: "Mine"`), "").Extensions.Code, "another retailer's is not there")
	shown := w.raw(`{ __type(name: "Product") { possibleTypes { name } fields { name } } }`, "")
	require.Contains(t, shown, `"GroupProduct"`)
	require.NotContains(t, shown, `"gtin"`, "kits have none")
}
