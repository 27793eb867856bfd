package foundation

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: types(), Inputs: inputs(),
		Values: values(), Interfaces: interfaces(), Objects: links(), Queries: queries(),
	}
}

func values() []catalogue.ValueSpec {
	return []catalogue.ValueSpec{
		{Go: catalogue.Attribute{}, Input: "AttributeInput", MergeBy: "name", Doc: "A named, typed value that callers hang on an entity."},
		{Go: AmountType{}, Input: "AmountTypeInput", Doc: "An amount of money: amount is unscaledValue divided by ten to the power of scale."},
		{Go: QuantityType{}, Input: "QuantityTypeInput", Doc: "How many, and of what unit."},
		{Go: StreetAddress{}, Input: "StreetAddressInput", Doc: "An address that belongs to what it stands in."},
		{Go: Currency{}, Rows: currencies(), Key: "alphabeticCode", Doc: "What money is counted in. All accounts have the same."},
	}
}

// links are what pointers across the borders of domains show: nothing need be there.
func links() []catalogue.ObjectSpec {
	return []catalogue.ObjectSpec{
		{Name: "LocationLink", Fields: []string{"ref: String"}, Doc: "A location by its ref."},
		{Name: "CatalogueLink", Fields: []string{"ref: String"}, Doc: "A catalogue by its ref."},
		{Name: "ProductLink", Fields: []string{"ref: String", "catalogue: CatalogueLink"}, Doc: "A product by its ref and that of its catalogue."},
		{Name: "CurrencyLink", Fields: []string{"alphabeticCode: String"}, Doc: "A currency by its code."},
		{Name: "RetailerLink", Fields: []string{"id: ID"}, Doc: "A retailer by its id."},
		{Name: "WorkflowLink", Fields: []string{"ref: String", "version: Int"}, Doc: "A workflow by its name, such as ORDER::HD, and the number of its version."},
	}
}

func queries() []catalogue.OperationSpec {
	return []catalogue.OperationSpec{
		{Field: "currency(alphabeticCode: String!): Currency", Doc: "The currency of a code; null where there is none."},
		{
			Field: "currencies(alphabeticCode: [String], numericCode: [String], name: [String], minorUnits: [Int], isISO4217: [Boolean]): CurrencyConnection",
			Paged: true, Doc: "Currencies in the order of their codes.",
		},
	}
}

func interfaces() []catalogue.InterfaceSpec {
	return []catalogue.InterfaceSpec{
		{Name: "Node", Fields: "id createdOn updatedOn", Doc: "What is stored and has an id."},
		{Name: "Orchestrateable", Fields: "type status workflowRef workflowVersion", Doc: "What a workflow drives."},
		{Name: "Referenceable", Fields: "ref", Doc: "What callers name by a reference of their own."},
		{Name: "Extendable", Fields: "attributes", Doc: "What callers may hang attributes on."},
		{Name: "Address", Shared: true, KeyInputs: "Id", Fields: "id createdOn updatedOn type ref companyName name street city state postcode region country latitude longitude timeZone", Doc: "Where a location is or an order goes."},
	}
}

func types() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: Retailer{}, Doc: "A trading entity inside an account.", Implements: "Node Referenceable", KeyInputs: "Id", Key: "ref", Retailer: "id", Location: catalogue.Everywhere,
			Provided: true, AccountWide: true,
			Gets: []string{"retailerById(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: Location{}, Doc: "A store, a warehouse, a supplier or a collection point.", Event: "LOCATION", Implements: "Node", KeyInputs: "Id IdOrKey", Key: "ref", Retailer: "retailer", Location: "id", Elsewhere: true,
			Writers: "IMPLEMENTER",
			Gets:    []string{"location(id: ID, ref: String)", "locationById(id: ID!)"}, Create: true, Update: "id",
			Removes: []catalogue.RemovalSpec{{Name: "removeNetworksFromLocation", Owner: "location: LocationKey!", Items: "networks: [NetworkKey!]!", From: "networks"}},
		},
		{
			Go: StoreAddress{}, Doc: "Where a location is.", Plural: "storeAddresses", Table: "addresses", Shared: true, Implements: "Address",
			Writers:  "IMPLEMENTER",
			Defaults: "type=AGENT", KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "location", Location: "location", Elsewhere: true, Indexes: []string{"location"}, Gets: []string{"storeAddressById(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: CustomerAddress{}, Doc: "Where a customer wants an order.", Private: true, Plural: "customerAddresses", Table: "addresses", Shared: true, Implements: "Address",
			Writers:  "INTEGRATION CUSTOMER_SERVICE",
			Defaults: "type=ORDER", KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "retailer", Location: "Fulfilment.toAddress", Gets: []string{"customerAddressById(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: Network{}, Doc: "A named group of locations.", Implements: "Node", KeyInputs: "Id IdOrKey", Key: "ref", Loose: true, Retailer: "retailers", Location: catalogue.Everywhere,
			Writers: "IMPLEMENTER",
			Gets:    []string{"network(id: ID, ref: String)", "networkById(id: ID!)"}, Create: true, Update: "id",
			Removes: []catalogue.RemovalSpec{{Name: "removeLocationsFromNetwork", Owner: "network: NetworkKey!", Items: "locations: [LocationKey!]!", From: "locations"}},
		},
		{Go: OpeningSchedule{}, Doc: "When a location is open.", Retailer: "location", Location: "location", Elsewhere: true, Update: "id", Writers: "IMPLEMENTER"},
		{
			Go: Setting{}, Doc: "A configuration value with a scope.", Key: "name context contextId",
			Writers: "IMPLEMENTER",
			Owner:   "context contextId RETAILER=Retailer AGENT=Location CUSTOMER=Customer",
			Gets:    []string{"setting(id: ID)"}, Create: true, Update: "id",
		},
		{
			Go: Customer{}, Doc: "A person who orders.", Implements: "Node", KeyInputs: "Id Key", Key: "ref", Retailer: "retailer", Location: "Order.customer", Indexes: []string{"updatedOn"},
			Writers: "INTEGRATION CUSTOMER_SERVICE",
			Gets:    []string{"customer(ref: String!)", "customerById(id: ID!)"}, Create: true, Update: "username=ref", FoldsCase: true,
		},
		{
			Go: Comment{}, Doc: "Free text attached to an entity.", Implements: "Node", KeyInputs: "Id", Indexes: []string{"entityType entityId"}, Owner: "entityType entityId",
			Writers: "IMPLEMENTER INTEGRATION CUSTOMER_SERVICE STORE_ASSISTANT",
			Gets:    []string{"commentById(id: ID!)"}, Create: true, Update: "id",
		},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "DateRange", Fields: []string{"from: DateTime", "to: DateTime"}, Doc: "Inclusive at both ends; a missing end is open."},
		{Name: "LocationLinkInput", Fields: []string{"ref: String! max=8"}},
		{Name: "ProductLinkInput", Fields: []string{"ref: String! max=100", "catalogue: ProductCatalogueLinkInput!"}},
		{Name: "ProductCatalogueLinkInput", Fields: []string{"ref: String! max=100"}},
		{Name: "CurrencyLinkInput", Fields: []string{"alphabeticCode: String! max=20"}},
		{Name: "CurrencyKey", Fields: []string{"alphabeticCode: String! max=20"}},
		{Name: "RetailerLinkInput", Fields: []string{"id: ID!"}},
		{Name: "WorkflowLinkInput", Fields: []string{"ref: String!", "version: Int!"}},
		{Name: "UpdateCustomerInput", Of: "Customer", Base: catalogue.Update, Without: "status department retailer"},
		{Name: "CreateOpeningScheduleInput", Of: "OpeningSchedule", Base: catalogue.Create},
		{Name: "CreateStoreAddressInput", Of: "StoreAddress", Base: catalogue.Create, Require: "latitude longitude"},
		{Name: "CreateNetworkWithRetailerInput", Of: "Network", Fields: []string{"ref: String! max=100", "type: String", "attributes: [AttributeInput]"}},
	}
}
