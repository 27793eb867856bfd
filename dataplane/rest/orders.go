package rest

import (
	"github.com/fluent-oms/fluent/domain/fault"
)

// What the older resources of orders ask of GraphQL.
const (
	orderHead = ` id ref type status createdOn updatedOn totalPrice totalTaxPrice retailer { id } customer { id ref firstName lastName primaryEmail primaryPhone }
	fulfilmentChoice { id deliveryType fulfilmentType pickupLocationRef currency fulfilmentPrice fulfilmentTaxPrice
		deliveryAddress { id ref name companyName street city state postcode country latitude longitude } } attributes { name type value }`
	orderWhole = orderHead + ` items(first: 500) { edges { node { id ref status quantity price paidPrice taxPrice totalPrice totalTaxPrice currency product { ref name } attributes { name type value } } } }
	financialTransactions(first: 100) { edges { node { id ref type status total currency paymentMethod createdOn } } }`
	parcels = ` id ref type status createdOn updatedOn deliveryType eta expiryTime fromLocation { ref } items(first: 200) { edges { node { id ref status requestedQuantity filledQuantity rejectedQuantity orderItem { id ref } } } }`

	ordersByFilter = `query ($ref: [String], $status: [String], $type: [String!], $first: Int, $after: String) { orders(ref: $ref, status: $status, type: $type, first: $first, after: $after) {
		edges { cursor node {` + orderHead + ` } } pageInfo { hasNextPage } } }`
	orderByID       = `query ($id: ID!) { orderById(id: $id) {` + orderWhole + ` } }`
	fulfilmentsOf   = `query ($id: ID!, $first: Int, $after: String) { orderById(id: $id) { fulfilments(first: $first, after: $after) { edges { cursor node {` + parcels + ` } } pageInfo { hasNextPage } } } }`
	makeOrder       = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id ref type status createdOn } }`
	makeOrderFor    = `mutation ($input: CreateOrderAndCustomerInput!) { createOrderAndCustomer(input: $input) { id ref type status createdOn customer { id } } }`
	changeOrder     = `mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { id ref type status updatedOn } }`
	makeTransaction = `mutation ($input: CreateFinancialTransactionInput!) { createFinancialTransaction(input: $input) { id ref type status createdOn } }`
	makeReturn      = `mutation ($input: CreateReturnOrderInput!) { createReturnOrder(input: $input) { id ref type status createdOn } }`
	makeOption      = `mutation ($input: CreateFulfilmentOptionInput!, $mode: ExecutionMode) { createFulfilmentOption(input: $input, executionMode: $mode) {
		id ref type status createdOn retailerId orderType locationRef products { productRef catalogueRef requestedQuantity }
		plans(first: 20) { edges { node { id ref type status eta splitCount fulfilments { fulfilmentType locationRef items { productRef catalogueRef requestedQuantity availableQuantity } }
			exceptions { code message } } } } } }`
)

// older is what items of the older resources are called.
func older() map[string]string {
	return map[string]string{"skuRef": "productRef", "requestedQuantity": "quantity", "skuPrice": "price"}
}

// createOrder makes an order: of a customer who is named by his id, or of a new one who comes with it.
func (a *API) createOrder(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	customer, _ := in["customer"].(values)
	if id := in["customerId"]; customer == nil && id != nil {
		customer = values{"id": id}
		in["customer"] = customer
	}
	wrong := rename(in, "items", older())
	wrong.same("customerId", in["customerId"], customer["id"])
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if customer == nil || customer["id"] != nil {
		return a.ask(c, makeOrder, values{"input": in})
	}
	if customer["retailer"] == nil {
		customer["retailer"] = in["retailer"]
	}
	return a.ask(c, makeOrderFor, values{"input": in})
}

func (a *API) searchOrders(c *call) (any, error) {
	retailer, err := c.listed()
	if err != nil {
		return nil, err
	}
	return a.list(c, listing{text: ordersByFilter, page: pageOfList, given: c.filter(map[string]string{"ref": "ref", "status": "status", "type": "type"}),
		which: []fits{ofRetailer(retailer)}})
}

func (a *API) getOrder(c *call) (any, error) {
	id := c.r.PathValue("order")
	found, err := a.ask(c, orderByID, values{"id": id})
	if err == nil && found == nil {
		err = fault.NotFoundf("Order not found: %s", id)
	}
	return plain(found), err
}

func (a *API) getFulfilments(c *call) (any, error) {
	return a.list(c, listing{text: fulfilmentsOf, at: "fulfilments", page: pageOfParts, given: values{"id": c.r.PathValue("order")}})
}

func (a *API) updateOrder(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	var wrong wrongs
	wrong.same("id", in["id"], c.r.PathValue("order"))
	if err := wrong.err(); err != nil {
		return nil, err
	}
	in["id"] = c.r.PathValue("order")
	return a.ask(c, changeOrder, values{"input": in})
}

func (a *API) createTransaction(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	in["order"] = values{"id": c.r.PathValue("order")}
	return a.ask(c, makeTransaction, values{"input": in})
}

func (a *API) createReturn(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	return a.ask(c, makeReturn, values{"input": in})
}

// createOption asks what can be had, and when: the answer has the plans that the workflow found, at most limit of them.
func (a *API) createOption(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	limit, err := c.limit(in["limit"])
	if err != nil {
		return nil, err
	}
	if in["products"] == nil {
		if err := rename(in, "items", map[string]string{"skuRef": "productRef"}).err(); err != nil {
			return nil, err
		}
		in["products"] = in["items"]
	}
	for name, otherwise := range map[string]any{"ref": string(a.Store.NewUUID()), "type": in["orderType"]} {
		if in[name] == nil {
			in[name] = otherwise
		}
	}
	made, err := a.ask(c, makeOption, values{"input": in, "mode": "AWAIT_ORCHESTRATION"})
	if err != nil {
		return nil, err
	}
	option, _ := plain(made).(values)
	if plans, _ := option["plans"].([]any); limit > 0 && len(plans) > limit {
		option["plans"] = plans[:limit]
	}
	return option, nil
}
