package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// An amount comes back told in both ways, whichever was given; what contradicts itself is refused at the member that does.
func TestAmountsOfMoney(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	create := `mutation($input: CreateClaimInput) { createClaim(input: $input) { id worth { amount scale unscaledValue } lost { quantity unit } currency { alphabeticCode } site { city latitude timeZone } } }`
	input := func(ref, more string) string {
		return fmt.Sprintf(`{"input":{"ref":%q,"severity":"MINOR","retailer":{"id":1},%s}}`, ref, more)
	}
	for i, c := range []struct{ given, want string }{
		{`{"amount":40.5}`, `{"amount":40.5,"scale":1,"unscaledValue":405}`},
		{`{"amount":40.5,"scale":2}`, `{"amount":40.5,"scale":2,"unscaledValue":4050}`},
		{`{"unscaledValue":4050,"scale":2}`, `{"amount":40.5,"scale":2,"unscaledValue":4050}`},
		{`{"unscaledValue":-1,"scale":0,"amount":-1}`, `{"amount":-1,"scale":0,"unscaledValue":-1}`},
		{`{"amount":0.1}`, `{"amount":0.1,"scale":1,"unscaledValue":1}`},
		{`{"amount":30000000.55}`, `{"amount":30000000.55,"scale":null,"unscaledValue":null}`},
		{`null`, `null`},
	} {
		made := w.raw(create, input(fmt.Sprint("C-", i), `"worth":`+c.given))
		require.Contains(t, made, `"worth":`+c.want, c.given)
		stored := w.raw(fmt.Sprintf(`{ claim(ref: "C-%d") { worth { amount scale unscaledValue } } }`, i), "")
		require.JSONEq(t, `{"claim":{"worth":`+c.want+`}}`, stored)
	}
	for _, c := range []struct{ given, code, field string }{
		{`"worth":{}`, "C0140E", "input.worth.amount"},
		{`"worth":{"unscaledValue":5}`, "C0140E", "input.worth.scale"},
		{`"worth":{"amount":1.25,"scale":1}`, "C0160E", "input.worth.scale"},
		{`"worth":{"amount":1.25,"scale":16}`, "C0122E", "input.worth.scale"},
		{`"worth":{"amount":1.25,"scale":2,"unscaledValue":124}`, "C0160E", "input.worth.amount"},
		{`"currency":{"alphabeticCode":"usd"}`, "C0120E", "input.currency.alphabeticCode"},
		{`"site":{"latitude":90.5}`, "C0122E", "input.site.latitude"},
	} {
		e := w.failure(create, input("X", c.given))
		require.Equal(t, []string{c.code, c.field}, []string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", c.given, e.Message)
	}
	require.JSONEq(t, `{"claim":null}`, w.raw(`{ claim(ref: "X") { id } }`, ""), "nothing of what is refused stays")

	made := w.data(create, input("D", `"currency":{"alphabeticCode":"USD"},"lost":{"quantity":3},"site":{"city":"Perth","latitude":-31.95,"timeZone":"Australia/Perth"}`))
	require.Equal(t, "USD", at(made, "createClaim.currency.alphabeticCode"))
	require.Equal(t, map[string]any{"quantity": 3.0, "unit": nil}, at(made, "createClaim.lost"))
	require.Equal(t, map[string]any{"city": "Perth", "latitude": -31.95, "timeZone": "Australia/Perth"}, at(made, "createClaim.site"))
	changed := w.raw(`mutation($id: ID!) { updateClaim(input: {id: $id, worth: {amount: 2.5}, currency: {alphabeticCode: "JPY"}}) { worth { unscaledValue scale } currency { alphabeticCode } } }`,
		fmt.Sprintf(`{"id":%q}`, at(made, "createClaim.id")))
	require.JSONEq(t, `{"updateClaim":{"worth":{"unscaledValue":25,"scale":1},"currency":{"alphabeticCode":"JPY"}}}`, changed)
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"D"}}]}}`, w.raw(`{ claims(currency: {alphabeticCode: "JPY"}) { edges { node { ref } } } }`, ""))
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.JSONEq(t, `{"a":{"id":"BHD","alphabeticCode":"BHD","numericCode":"048","name":"Bahraini Dinar","minorUnits":3,"isISO4217":true},"b":{"minorUnits":null},"c":null}`,
		w.raw(`{ a: currency(alphabeticCode: "BHD") { id alphabeticCode numericCode name minorUnits isISO4217 } b: currency(alphabeticCode: "XAU") { minorUnits } c: currency(alphabeticCode: "bhd") { id } }`, ""))

	find := `query($n: [String], $m: [Int], $i: [Boolean], $c: [String]) { currencies(name: $n, minorUnits: $m, isISO4217: $i, alphabeticCode: $c) { edges { node { alphabeticCode } } } }`
	for variables, want := range map[string][]string{
		`{"n":"% Dollar","m":[2],"c":["U%","A%"]}`: {"AUD", "USD"},
		`{"m":4}`:                    {"CLF", "UYW"},
		`{"m":[null],"n":"%old"}`:    {"XAU"},
		`{"i":false,"n":"%uilder%"}`: {"ANG"},
		`{"c":[]}`:                   nil,
	} {
		var got []string
		edges, _ := at(w.data(find, variables), "currencies.edges").([]any)
		for _, e := range edges {
			got = append(got, at(e, "node.alphabeticCode").(string))
		}
		require.Equal(t, want, got, variables)
	}

	seen, after := []string{}, ""
	for {
		page := w.data(`query($a: String) { currencies(first: 50, after: $a) { edges { node { alphabeticCode } } pageInfo { hasNextPage endCursor } } }`, fmt.Sprintf(`{"a":%q}`, after))
		edges, _ := at(page, "currencies.edges").([]any)
		for _, e := range edges {
			seen = append(seen, at(e, "node.alphabeticCode").(string))
		}
		after, _ = at(page, "currencies.pageInfo.endCursor").(string)
		if at(page, "currencies.pageInfo.hasNextPage") == false {
			break
		}
	}
	require.Len(t, seen, 184)
	require.IsIncreasing(t, seen)
	back := w.data(`query($a: String) { currencies(last: 2, before: $a) { edges { node { alphabeticCode } } pageInfo { hasPreviousPage hasNextPage startCursor } } }`, fmt.Sprintf(`{"a":%q}`, "ALM"))
	require.Equal(t, map[string]any{"hasPreviousPage": true, "hasNextPage": true, "startCursor": "AFN"}, at(back, "currencies.pageInfo"))
	require.Contains(t, w.failure(`{ currencies(first: 1, last: 1) { edges { cursor } } }`, "").Message, "exclude each other")
}

// Amounts stay as they are given, whatever the decimals of their currency's smallest unit: a price of one unit may have more.
func TestAmountsOfEveryMinorUnitStayAsTheyAreGiven(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	for i, c := range []struct{ currency, amount string }{
		{"JPY", "1234"}, {"JPY", "1234.5"}, {"USD", "19.99"}, {"USD", "0.0125"}, {"KWD", "1.234"}, {"KWD", "1.2345"}, {"CLF", "0.0001"}, {"XAU", "3.14159"},
	} {
		ref := fmt.Sprint("M-", i)
		w.data(fmt.Sprintf(`mutation { createClaim(input: {ref: %q, severity: MINOR, retailer: {id: 1}, worth: {amount: %s}, currency: {alphabeticCode: %q}}) { id } }`, ref, c.amount, c.currency), "")
		require.Contains(t, w.raw(fmt.Sprintf(`{ claim(ref: %q) { worth { amount } currency { alphabeticCode } } }`, ref), ""), fmt.Sprintf(`{"amount":%s},"currency":{"alphabeticCode":%q}`, c.amount, c.currency))
	}
}
