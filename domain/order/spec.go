package order

import (
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: types(), Inputs: inputs(),
		Objects: []catalogue.ObjectSpec{
			{Name: "CustomerLink", Fields: []string{"ref: String"}, Doc: "A customer by ref."},
			{Name: "PreciseAmountType", Fields: catalogue.PreciseMembers(), Doc: "An amount exactly: preciseAmount is unscaledValue divided by ten to the power of scale."},
			{Name: "OrderLink", Fields: []string{"ref: String", "retailer: RetailerLink"}, Doc: "An order by its ref and its retailer's id."},
			{Name: "OrderItemLink", Fields: []string{"ref: String", "order: OrderLink"}, Doc: "A line of an order by its ref."},
			{Name: "FulfilmentLink", Fields: []string{"ref: String"}, Doc: "A fulfilment by its ref."},
		},
		Mutations: []catalogue.OperationSpec{
			{Field: "createOrderAndCustomer(input: CreateOrderAndCustomerInput): Order", Entity: "Order", Doc: "Creates a customer and an order of that customer, or neither."},
		},
	}
}

func types() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: Order{}, Guarded: true, Driven: true, Doc: "A customer's purchase.", Event: "ORDER", Fires: true, Implements: "Node Orchestrateable", KeyInputs: "Id IdOrKey", Key: "ref", Taken: fault.CodeOrderExists, Retailer: "retailer", Location: "fulfilments fulfilmentChoices.pickupLocationRef", Agrees: []string{"paymentId.retailer = retailer", "customer.retailer = retailer"}, Document: "items fulfilments.items",
			Writers: "INTEGRATION CUSTOMER_SERVICE",
			Unique:  []string{"ref2"},
			Indexes: []string{"customer createdOn id", "status createdOn id", "updatedOn"},
			Parts:   "items fulfilmentChoice.deliveryAddress customer fulfilments.items articles.items",
			Gets:    []string{"order(id: ID, ref: String)", "orderById(id: ID!)"}, Create: true, Update: "id",
			Unserved: map[string]string{
				"attributes.fulfilmentPlanRef": "sourcing does not redeem plans yet", "attributes.cartRef": "no cart holds stock yet that an order could take over",
				"attributes.shipPolicy=PARTIAL": "every fulfilment ships when it is ready",
			},
		},
		{
			Go: OrderItem{}, Guarded: true, Doc: "One product line of an order.", KeyInputs: "Id", Implements: "Node", Retailer: "order", Location: "order",
			Writers: "INTEGRATION CUSTOMER_SERVICE",
			Gets:    []string{"orderItemById(id: ID!)"}, Create: true,
		},
		{
			Go: FulfilmentChoice{}, Guarded: true, Doc: "How and where the customer wants the goods.", Event: "FULFILMENT_CHOICE", Root: "order", Fires: true, Quiet: true,
			Retailer: "order", Location: "order", Writers: "INTEGRATION CUSTOMER_SERVICE", Indexes: []string{"pickupLocationRef"}, Create: true, Update: "id",
			Unserved: map[string]string{"attributes.shipPolicy=PARTIAL": "every fulfilment ships when it is ready"},
		},
		{Go: OrderBillingAddress{}, Plural: "orderBillingAddresses", Doc: "Where the bill of an order goes.", NoSearch: true, Retailer: "order", Location: "order"},
		{
			Go: Fulfilment{}, Guarded: true, Claims: true, Doc: "What is picked and packed at one location for one order.", Event: "FULFILMENT", Root: "order", Fires: true,
			Writers:    "INTEGRATION STORE_ASSISTANT",
			Implements: "Node Orchestrateable", KeyInputs: "Id", Key: "ref", Loose: true, Agrees: []string{"user.retailer = order.retailer"}, Retailer: "order", Location: "fromLocation toAddress.location", Indexes: []string{"fromLocation status createdOn id", "toAddress", "updatedOn"},
			Gets: []string{"fulfilmentById(id: ID!)"}, Create: true, Update: "id",
		},
		{Go: FulfilmentItem{}, Guarded: true, Claims: true, Doc: "How many of an order item are picked in a fulfilment.", Retailer: "fulfilment", Location: "fulfilment", Indexes: []string{"orderItem"}, Agrees: []string{"orderItem.order = fulfilment.order"}},
		{
			Go: Article{}, Doc: "A parcel that holds picked items.", Event: "ARTICLE", Root: "order", Fires: true,
			Writers:    "INTEGRATION STORE_ASSISTANT",
			Implements: "Node Orchestrateable", Lengths: "type=50 status=30", KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "order", Location: "fulfilments", Indexes: []string{"order"},
			Agrees: []string{"storageArea.location.retailer = order.retailer"}, Gets: []string{"articleById(id: ID!)"}, Create: true, Update: "id",
		},
		{Go: ArticleItem{}, Doc: "A quantity packed in an article.", Implements: "Node", Retailer: "article", Location: "article"},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "CustomerLinkInput", Fields: []string{"ref: String!"}},
		{Name: "PreciseAmountInput", Fields: catalogue.PreciseMembers(), Doc: "preciseAmount, or unscaledValue and scale, or all three where they agree."},
		{Name: "OrderLinkInput", Fields: []string{"ref: String!", "retailer: RetailerId!"}},
		{Name: "OrderItemLinkInput", Fields: []string{"ref: String!", "order: OrderLinkInput!"}},
		{Name: "FulfilmentLinkInput", Fields: []string{"ref: String!"}},
		{Name: "SearchCustomerInput", Fields: []string{
			"ref: [String]", "firstName: [String]", "lastName: [String]", "username: [String]", "primaryEmail: [String]", "primaryPhone: [String]",
		}, Doc: "A customer by what is known of him. Upper and lower case are alike, % stands for any characters; all that is given must fit."},
		{Name: "UpdateOrderInput", Of: "Order", Base: catalogue.Update, Without: "type"},
		{Name: "CreateOrderItemWithOrderInput", Of: "OrderItem", Base: catalogue.Create, Without: "order", Relax: "productCatalogueRef"},
		{Name: "UpdateOrderItemWithOrderInput", Of: "OrderItem", Base: catalogue.Update},
		{
			Name: "CreateFulfilmentChoiceWithOrderInput", Of: "FulfilmentChoice", Base: catalogue.Create,
			Without: "order deliveryEmail deliveryLastName dispatchOn attributes",
		},
		{Name: "CreateOrderBillingAddressInput", Of: "OrderBillingAddress", Base: catalogue.Create},
		{Name: "UpdateOrderBillingAddressInput", Of: "OrderBillingAddress", Base: catalogue.Update},
		{Name: "CreateFulfilmentItemWithFulfilmentInput", Of: "FulfilmentItem", Base: catalogue.Create},
		{Name: "UpdateFulfilmentItemWithFulfilmentInput", Of: "FulfilmentItem", Base: catalogue.Update},
		{Name: "CreateArticleItemWithArticleInput", Of: "ArticleItem", Base: catalogue.Create},
		{Name: "CreateOrderAndCustomerInput", Of: "Order", Fields: []string{
			"ref: String!", "type: String!", "totalPrice: Float", "totalTaxPrice: Float", "retailer: RetailerId!", "customer: CreateCustomerInput!",
			"fulfilmentChoice: CreateFulfilmentChoiceWithOrderInput", "fulfilmentChoices: [CreateFulfilmentChoiceWithOrderInput]",
			"ref2: String", "tag1: String", "tag2: String", "tag3: String", "currency: String", "attributes: [AttributeInput]", "items: [CreateOrderItemWithOrderInput]!",
			"payment: PaymentKey", "preciseTotalPrice: PreciseAmountInput", "preciseTotalTaxPrice: PreciseAmountInput",
		}},
	}
}
