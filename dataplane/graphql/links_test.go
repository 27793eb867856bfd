package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// Links and keys of the claims desk: see vocabulary_test.go.

// A composite link points at something by several values, and need not find it. It is set, shown, searched and cleared as a whole.
func TestCompositeLinks(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	const fields = `{ id ref order { ref retailer { id __typename } } product { ref catalogue { ref } } }`
	create := func(ref, more string) map[string]any {
		return w.data(`mutation($input: CreateClaimInput) { createClaim(input: $input) `+fields+` }`, `{"input":{"ref":"`+ref+`","severity":"MINOR","retailer":{"id":1}`+more+`}}`)
	}
	made := create("C-1", `,"order":{"ref":"O-1","retailer":{"id":7}},"product":{"ref":"P-1","catalogue":{"ref":"PC"}}`)
	linked := map[string]any{"ref": "O-1", "retailer": map[string]any{"id": "7", "__typename": "RetailerLink"}}
	require.Equal(t, linked, at(made, "createClaim.order"), "what a mutation returns")
	create("C-2", `,"order":{"ref":"O-1","retailer":{"id":8}}`)
	create("C-3", ``)

	all := w.raw(`{ claims { edges { node { ref order { retailer { id } ref } product { catalogue { ref } } } } } }`, "")
	require.JSONEq(t, `{"claims":{"edges":[
		{"node":{"ref":"C-1","order":{"ref":"O-1","retailer":{"id":"7"}},"product":{"catalogue":{"ref":"PC"}}}},
		{"node":{"ref":"C-2","order":{"ref":"O-1","retailer":{"id":"8"}},"product":null}},
		{"node":{"ref":"C-3","order":null,"product":null}}]}}`, all)
	find := `query($o: OrderLinkInput) { claims(order: $o) { edges { node { ref } } } }`
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(find, `{"o":{"ref":"O-1","retailer":{"id":8}}}`))
	require.JSONEq(t, `{"claims":{"edges":[]}}`, w.raw(find, `{"o":{"ref":"O-2","retailer":{"id":8}}}`))
	require.Contains(t, w.failure(`{ claims(product: {ref: "P-1"}) { edges { node { ref } } } }`, "").Message, `Unknown argument "product"`)

	change := `mutation($input: UpdateClaimInput) { updateClaim(input: $input) ` + fields + ` }`
	id, _ := at(made, "createClaim.id").(string)
	changed := w.data(change, `{"input":{"id":`+id+`,"order":{"ref":"O-9","retailer":{"id":7}}}}`)
	require.Equal(t, "O-9", at(changed, "updateClaim.order.ref"))
	require.Equal(t, "P-1", at(changed, "updateClaim.product.ref"), "what is not given stays")
	require.Nil(t, at(w.data(change, `{"input":{"id":`+id+`,"order":null}}`), "updateClaim.order"))

	e := w.failure(`mutation($input: CreateClaimInput) { createClaim(input: $input) { id } }`,
		`{"input":{"ref":"C-4","severity":"MINOR","retailer":{"id":1},"product":{"ref":"P-123456789","catalogue":{"ref":"PC"}}}}`)
	require.Equal(t, "C0141E input.product.ref", e.Extensions.Code+" "+e.Extensions.Field, "members are as long as the columns that hold them")
}

const showClaim = ` { id buyer { ref } instead { ref catalogue { ref } } worst { name } witnesses { edges { node { ref says first { name } } } } }`

// What a link's input names need not be there; what a key names must, although its values alone are kept.
func TestLinksByKeyFindSomething(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	w.shop("P1")
	create := `mutation($input: CreateClaimInput) { createClaim(input: $input)` + showClaim + ` }`
	claim := func(more string) string {
		return `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},` + more + `}}`
	}
	for given, want := range map[string]string{
		`"instead":{"ref":"P9","catalogue":{"ref":"PC:MASTER:1"}}`: "C0120E input.instead: Product not found: ref P9, catalogue ref PC:MASTER:1",
		`"instead":{"ref":"P1","catalogue":{"ref":"PC"}}`:          "C0120E input.instead.catalogue: ProductCatalogue not found: ref PC",
		`"buyer":{"ref":"nobody"}`:                                 "C0120E input.buyer: Customer not found: ref nobody",
	} {
		e := w.failure(create, claim(given))
		require.Equal(t, want, e.Extensions.Code+" "+e.Message)
		require.True(t, strings.HasPrefix(e.Message, e.Extensions.Field+": "))
	}
	made := w.data(create, claim(`"instead":{"ref":"P1","catalogue":{"ref":"PC:MASTER:1"}},"buyer":{"ref":"kim@example.com"}`))
	require.Equal(t, map[string]any{"ref": "P1", "catalogue": map[string]any{"ref": "PC:MASTER:1"}}, at(made, "createClaim.instead"))
	require.Equal(t, "kim@example.com", at(made, "createClaim.buyer.ref"))
	change := `mutation($input: UpdateClaimInput) { updateClaim(input: $input)` + showClaim + ` }`
	id := fmt.Sprint(at(made, "createClaim.id"))
	require.Equal(t, "input.buyer", w.failure(change, `{"input":{"id":`+id+`,"buyer":{"ref":"nobody"}}}`).Extensions.Field)
	require.Nil(t, at(w.data(change, `{"input":{"id":`+id+`,"buyer":null}}`), "updateClaim.buyer"))
}

// A link names retailers that its maker acts for, as everything else does; the account itself may name what comes later, but nothing that is no id.
func TestLinksKeepToTheirMakersRetailers(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	link := func(w *world, ref, retailer string) string {
		res := w.run(w.admin, `mutation { createClaim(input: {ref: "`+ref+`", severity: MINOR, retailer: {id: 1}, order: {ref: "O", retailer: {id: "`+retailer+`"}}}) { order { retailer { id } } } }`, "")
		if len(res.Errors) > 0 {
			e := res.Errors[0]
			return e.Extensions.Code + " " + e.Message
		}
		return string(res.Data)
	}
	limited := w.as(adminOf("ACME", 1))
	require.Equal(t, "C0120E input.order.retailer.id: Retailer not found: id 2", link(limited, "C-1", "2"))
	require.JSONEq(t, `{"createClaim":{"order":{"retailer":{"id":"1"}}}}`, link(limited, "C-1", "1"))
	require.JSONEq(t, `{"createClaim":{"order":{"retailer":{"id":"2"}}}}`, link(w, "C-2", "2"))
	require.Equal(t, "C0120E input.order.retailer.id: Retailer not found: id main", link(w, "C-3", "main"))
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(`{ claims(order: {ref: "O", retailer: {id: 2}}) { edges { node { ref } } } }`, ""))
}

// A part with a key of its own is found within its whole: the same ref in another one is another part.
func TestPartsAreFoundByKeyWithinTheirWhole(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	create := `mutation($input: CreateClaimInput) { createClaim(input: $input)` + showClaim + ` }`
	claim := func(ref string, witnesses ...string) string {
		var list []string
		for _, name := range witnesses {
			list = append(list, `{"ref":"`+name+`","says":"`+ref+`","first":{"name":"dent","weight":1,"how":"PAID"}}`)
		}
		return `{"input":{"ref":"` + ref + `","severity":"MINOR","retailer":{"id":1},"worst":{"name":"dust","weight":2},"witnesses":[` + strings.Join(list, ",") + `]}}`
	}
	twice := w.failure(create, claim("C-1", "ann", "bob", "ann"))
	require.Equal(t, []string{"C0123E", "input.witnesses[2].ref", "input.witnesses[2].ref: Witness ref already exists: ann"}, []string{twice.Extensions.Code, twice.Extensions.Field, twice.Message})
	one, _ := at(w.data(create, claim("C-1", "ann", "bob")), "createClaim.id").(string)
	w.data(create, claim("C-2", "ann", "cid"))

	change := `mutation($input: UpdateClaimInput) { updateClaim(input: $input)` + showClaim + ` }`
	for given, want := range map[string]string{
		`{"ref":"cid","says":"x"}`:   "C0120E input.witnesses[0]: Witness not found: ref cid, claim " + one,
		`{"ref":"ann","first":null}`: "C0140E input.witnesses[0].first: first cannot be null",
	} {
		e := w.failure(change, `{"input":{"id":`+one+`,"witnesses":[`+given+`]}}`)
		require.Equal(t, want, e.Extensions.Code+" "+e.Message)
		require.True(t, strings.HasPrefix(e.Message, e.Extensions.Field+": "))
	}
	changed := w.data(change, `{"input":{"id":`+one+`,"worst":null,"witnesses":[{"ref":"bob","says":"new","first":{"name":"rust","weight":4}},{"ref":"ann","first":{"name":"soot","weight":3}}]}}`)
	require.Nil(t, at(changed, "updateClaim.worst"), "a value that may lack is taken away by null")
	const all = `{ witnesses { edges { node { ref says first { name how } claim { ref } } } } }`
	require.JSONEq(t, `{"witnesses":{"edges":[
		{"node":{"ref":"ann","says":"C-1","first":{"name":"soot","how":null},"claim":{"ref":"C-1"}}},{"node":{"ref":"bob","says":"new","first":{"name":"rust","how":null},"claim":{"ref":"C-1"}}},
		{"node":{"ref":"ann","says":"C-2","first":{"name":"dent","how":"PAID"},"claim":{"ref":"C-2"}}},{"node":{"ref":"cid","says":"C-2","first":{"name":"dent","how":"PAID"},"claim":{"ref":"C-2"}}}]}}`, w.raw(all, ""))
	require.JSONEq(t, `{"witness":{"says":"C-2"},"none":null}`, w.raw(`{ witness(ref: "ann", about: {ref: "C-2"}) { says } none: witness(ref: "bob", about: {ref: "C-2"}) { says } }`, ""))
}

// A reference may be shown as a link: by its id alone, which is read with the row that has it.
func TestReferencesShownAsLinks(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	w.retailer("ACME", "2", "SECOND")
	for _, retailer := range []string{"1", "2"} {
		made := w.raw(`mutation { createPayout(input: {ref: "P-1", retailer: {id: `+retailer+`}}) { retailer { id __typename } } }`, "")
		require.JSONEq(t, `{"createPayout":{"retailer":{"id":"`+retailer+`","__typename":"RetailerLink"}}}`, made)
	}
	taken := w.failure(`mutation { createPayout(input: {ref: "P-1", retailer: {id: 2}}) { id } }`, "")
	require.Equal(t, []string{"C0123E", "input.ref"}, []string{taken.Extensions.Code, taken.Extensions.Field})
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, `{ payouts(retailer: {id: 2}) { edges { node { ref retailer { id } } } } }`, "")
	require.JSONEq(t, `{"payouts":{"edges":[{"node":{"ref":"P-1","retailer":{"id":"2"}}}]}}`, string(res.Data))
	require.Len(t, trace.Statements(), 1)
	require.JSONEq(t, `{"payouts":{"edges":[]}}`, w.raw(`{ payouts(retailer: {id: "none"}) { edges { node { ref } } } }`, ""))
	limited := w.as(adminOf("ACME", 2))
	require.JSONEq(t, `{"payouts":{"edges":[{"node":{"retailer":{"id":"2"}}}]}}`, limited.raw(`{ payouts { edges { node { retailer { id } } } } }`, ""), "it is still how a limit reaches the type")
	require.Equal(t, "C0120E", limited.failure(`mutation { createPayout(input: {ref: "P-2", retailer: {id: 1}}) { id } }`, "").Extensions.Code)
}
