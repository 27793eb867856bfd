package graphql_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPricesAreShownAndTakenExactly gives order totals by their digits, and reads them back as they were given.
func TestPricesAreShownAndTakenExactly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	made := w.data(createOrder, orderInput("O-1", customer))
	id := at(made, "createOrder.id").(string)
	const fields = `{ totalPrice preciseTotalPrice { preciseAmount scale unscaledValue } totalTaxPrice }`
	set := func(price string) string {
		return `updateOrder(input: {id: ` + id + `, ` + price + `})`
	}
	for given, want := range map[string]string{
		`preciseTotalPrice: {preciseAmount: 110.10}`:                                                    `{"totalPrice":110.1,"preciseTotalPrice":{"preciseAmount":110.1,"scale":1,"unscaledValue":1101},"totalTaxPrice":null}`,
		`preciseTotalPrice: {unscaledValue: 123456789012345, scale: 3}`:                                 `{"totalPrice":123456789012.345,"preciseTotalPrice":{"preciseAmount":123456789012.345,"scale":3,"unscaledValue":123456789012345},"totalTaxPrice":null}`,
		`preciseTotalPrice: {preciseAmount: "1.005", scale: 3, unscaledValue: 1005}, totalPrice: 1.005`: `{"totalPrice":1.005,"preciseTotalPrice":{"preciseAmount":1.005,"scale":3,"unscaledValue":1005},"totalTaxPrice":null}`,
		`preciseTotalPrice: null`:                                     `{"totalPrice":null,"preciseTotalPrice":null,"totalTaxPrice":null}`,
		`totalPrice: 4e3, preciseTotalTaxPrice: {preciseAmount: 0.1}`: `{"totalPrice":4000,"preciseTotalPrice":{"preciseAmount":4000,"scale":0,"unscaledValue":4000},"totalTaxPrice":0.1}`,
		`preciseTotalTaxPrice: null, totalPrice: 1`:                   `{"totalPrice":1,"preciseTotalPrice":{"preciseAmount":1,"scale":0,"unscaledValue":1},"totalTaxPrice":null}`,
	} {
		w.data(`mutation { `+set(`totalPrice: 19, preciseTotalTaxPrice: null`)+` { id } }`, "")
		require.JSONEq(t, `{"x":`+want+`}`, w.raw(`mutation { x: `+set(given)+` `+fields+` }`, ""), given)
		require.JSONEq(t, `{"orderById":`+want+`}`, w.raw(`{ orderById(id: `+id+`) `+fields+` }`, ""), given)
	}
	tiny := w.raw(`mutation { `+set(`preciseTotalPrice: {preciseAmount: 0.00000010}`)+` { preciseTotalPrice { preciseAmount } } }`, "")
	require.Equal(t, `{"updateOrder":{"preciseTotalPrice":{"preciseAmount":0.0000001}}}`, tiny, "it is written plainly")
	const all = `{ orders { edges { node { ref status totalPrice totalTaxPrice } } } }`
	before := w.raw(all, "")
	for mutation, want := range map[string][2]string{
		set(`status: "X", preciseTotalPrice: {}`):                                             {"C0140E", "input.preciseTotalPrice.preciseAmount"},
		set(`status: "X", preciseTotalPrice: {unscaledValue: 1}`):                             {"C0140E", "input.preciseTotalPrice.scale"},
		set(`status: "X", preciseTotalPrice: {preciseAmount: 1.005, scale: 2}`):               {"C0160E", "input.preciseTotalPrice.scale"},
		set(`status: "X", preciseTotalPrice: {preciseAmount: 1, scale: 1, unscaledValue: 1}`): {"C0160E", "input.preciseTotalPrice.preciseAmount"},
		set(`status: "X", preciseTotalPrice: {unscaledValue: 1.5, scale: 1}`):                 {"C0122E", "input.preciseTotalPrice.unscaledValue"},
		set(`status: "X", preciseTotalPrice: {unscaledValue: 1, scale: -1}`):                  {"C0122E", "input.preciseTotalPrice.unscaledValue"},
		set(`status: "X", preciseTotalPrice: {preciseAmount: 12345678901234567.89}`):          {"C0122E", "input.preciseTotalPrice.preciseAmount"},
		set(`status: "X", preciseTotalPrice: null, totalPrice: 2`):                            {"C0160E", "input.preciseTotalPrice"},
		set(`status: "X", preciseTotalTaxPrice: {preciseAmount: 1}, totalTaxPrice: 2`):        {"C0160E", "input.preciseTotalTaxPrice"},
	} {
		e := w.failure("mutation { x: "+mutation+" { id } }", "")
		require.Equal(t, want, [2]string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", mutation, e.Message)
	}
	require.Equal(t, before, w.raw(all, ""))
	require.Contains(t, w.failure(`mutation { `+set(`preciseTotalPrice: {preciseAmount: "x"}`)+` { id } }`, "").Message, `"x" is no decimal number`)
	require.Contains(t, w.failure(`mutation { `+set(`preciseTotalPrice: {preciseAmount: true}`)+` { id } }`, "").Message, "want a value of type BigDecimal, got a boolean")

	item := w.data(`mutation { createOrderItem(input: {ref: "3", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1, totalPrice: 9.99, order: {id: `+id+`}}) { preciseTotalPrice { unscaledValue } } }`, "")
	require.EqualValues(t, 999, at(item, "createOrderItem.preciseTotalPrice.unscaledValue"))
	created := w.data(`mutation { createOrderAndCustomer(input: {ref: "O-2", type: "HD", retailer: {id: 1}, items: [], preciseTotalPrice: {unscaledValue: 1999, scale: 2}, preciseTotalTaxPrice: {preciseAmount: 1.99},
		fulfilmentChoice: {deliveryType: "STANDARD", fulfilmentPrice: 4.95}, customer: {username: "n", promotionOptIn: false, retailer: {id: 1}, `+kim+`}})
		{ totalPrice totalTaxPrice fulfilmentChoice { preciseFulfilmentPrice { preciseAmount } } } }`, "")
	require.Equal(t, map[string]any{"totalPrice": 19.99, "totalTaxPrice": 1.99, "fulfilmentChoice": map[string]any{"preciseFulfilmentPrice": map[string]any{"preciseAmount": 4.95}}}, at(created, "createOrderAndCustomer"))
}
