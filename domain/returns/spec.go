package returns

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: types(), Inputs: inputs(),
		Objects: []catalogue.ObjectSpec{
			{Name: "ReturnOrderLink", Fields: []string{"ref: String", "retailer: RetailerLink"}, Doc: "A return order by its ref and its retailer's id."},
			{Name: "ReturnOrderItemLink", Fields: []string{"ref: String", "returnOrder: ReturnOrderLink"}, Doc: "A line of a return order by its ref."},
		},
	}
}

const node = "Node Referenceable"

func types() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: ReturnOrder{}, Doc: "What a customer sends back.", Event: "RETURN_ORDER", Fires: true, Implements: node,
			Writers:   "INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
			KeyInputs: "Key", Key: "ref retailer", Retailer: "retailer", Location: "lodgedLocation destinationLocation returnOrderFulfilments", Agrees: []string{"customerEntity.retailer = retailer"},
			Indexes: []string{"customerEntity createdOn id", "orderRef", "status createdOn id", "updatedOn"},
			Gets:    []string{"returnOrder(ref: String!, retailer: RetailerId!)"}, Create: true, Update: "ref retailer",
		},
		{
			Go: ReturnOrderItem{}, Doc: "One line of what is sent back.", Implements: node, KeyInputs: "Key", Key: "ref returnOrder", Retailer: "returnOrder", Location: "returnOrder",
			Writers: "INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
			Gets:    []string{"returnOrderItem(ref: String!, returnOrder: ReturnOrderKey!)"}, Create: true,
		},
		{
			Go: ReturnVerification{}, Doc: "Evidence that is checked when goods are handed in.", Implements: node, Key: "ref returnOrder", Retailer: "returnOrder", Location: "returnOrder",
			Writers: "INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
		},
		{
			Go: ReturnFulfilment{}, Doc: "The way of returned goods to where they go.", Event: "RETURN_FULFILMENT", Root: "returnOrder", Fires: true, Implements: node,
			Writers:   "INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
			KeyInputs: "Key", Key: "ref returnOrder", Retailer: "returnOrder", Location: "lodgedLocation destinationLocation",
			Gets: []string{"returnFulfilment(ref: String!, returnOrder: ReturnOrderKey!)"}, Create: true, Update: "ref returnOrder",
		},
		{
			Go: ReturnFulfilmentItem{}, Doc: "How many of a line a return fulfilment moves.", Implements: node, Key: "ref returnOrderFulfilment",
			Writers:  "INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
			Retailer: "returnOrderFulfilment", Location: "returnOrderFulfilment", Indexes: []string{"returnOrderItem"}, Agrees: []string{"returnOrderItem.returnOrder = returnOrderFulfilment.returnOrder"},
			Gets: []string{"returnFulfilmentItem(ref: String!, returnFulfilment: ReturnFulfilmentKey!)"}, Create: true,
		},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "ReturnOrderLinkInput", Fields: []string{"ref: String! max=100", "retailer: RetailerLinkInput!"}},
		{Name: "ReturnOrderItemLinkInput", Fields: []string{"ref: String! max=100", "returnOrder: ReturnOrderLinkInput"}},
		{Name: "CreateReturnOrderItemWithReturnOrderInput", Of: "ReturnOrderItem", Base: catalogue.Create, Without: "returnOrder status", Relax: "orderItem"},
		{Name: "UpdateReturnOrderItemWithReturnOrderInput", Of: "ReturnOrderItem", Base: catalogue.Update, Finds: "ref"},
		{Name: "CreateReturnVerificationInput", Of: "ReturnVerification", Base: catalogue.Create, Doc: "Used by no mutation: verifications come with their return order."},
		{Name: "CreateReturnVerificationWithReturnOrderInput", Of: "ReturnVerification", Base: catalogue.Create, Without: "returnOrder"},
		{Name: "UpdateReturnVerificationWithReturnOrderInput", Of: "ReturnVerification", Base: catalogue.Update, Finds: "ref"},
		{Name: "ReturnFulfilmentItemKey", Of: "ReturnFulfilmentItem", Fields: []string{"ref: String! max=100", "returnFulfilment: ReturnFulfilmentKey!"}},
		{Name: "CreateReturnFulfilmentItemInput", Of: "ReturnFulfilmentItem", Fields: []string{
			"ref: String!", "returnOrderFulfilment: ReturnFulfilmentKey!", "returnOrderItem: ReturnOrderItemKey!", "product: ProductKey", "unitQuantity: QuantityTypeInput!", "attributes: [AttributeInput]",
		}},
		{Name: "CreateReturnFulfilmentItemWithReturnFulfilmentInput", Of: "ReturnFulfilmentItem", Base: catalogue.Create, Without: "returnFulfilment"},
		{Name: "UpdateReturnFulfilmentItemWithReturnFulfilmentInput", Of: "ReturnFulfilmentItem", Base: catalogue.Update, Finds: "ref"},
		{Name: "UpdateReturnFulfilmentItemInput", Of: "ReturnFulfilmentItem", Finds: "ref returnOrderFulfilment", Fields: []string{
			"ref: String!", "returnOrderFulfilment: ReturnFulfilmentKey!", "product: ProductLinkInput", "unitQuantity: QuantityTypeInput", "attributes: [AttributeInput]",
		}, Doc: "Used by no mutation: items change with their return fulfilment."},
	}
}
