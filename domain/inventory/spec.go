package inventory

import "github.com/fluent-oms/fluent/domain/catalogue"

const orchestratedNode = "Node Referenceable Orchestrateable Extendable"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: append(productTypes(), stockTypes()...), Inputs: inputs(),
		Values: []catalogue.ValueSpec{
			{Go: Price{}, Input: "PriceInput", MergeBy: "type currency", Doc: "What a product costs."},
			{Go: VirtualSegment{}, Input: "UpsertVirtualSegmentInput", Doc: "A part of what a virtual position stands for."},
			{Go: TaxType{}, Input: "TaxTypeInput", Doc: "How a product is taxed."},
		},
		Interfaces: []catalogue.InterfaceSpec{{
			Name: "Product", Shared: true, KeyInputs: "Key", Doc: "What can be ordered.",
			Fields: "id createdOn updatedOn ref type status workflowRef workflowVersion name summary catalogue prices tax attributes",
			Plural: "products", Search: "createdOn updatedOn ref type status name catalogue",
			Update: "ref catalogue", Kinds: "productType STANDARD=StandardProduct VARIANT=VariantProduct GROUP=GroupProduct",
		}},
		Objects: []catalogue.ObjectSpec{
			{Name: "InventoryQuantityAggregate", Fields: []string{"type: String", "status: String", "quantity: Int"}, Doc: "The sum of quantities of one type and status."},
			{Name: "UpdateStatusOutput", Fields: []string{"count: Int"}, Doc: "How many rows a bulk update changed."},
			{Name: "VirtualInventory", Fields: []string{"location: Location", "virtualPositions: [VirtualPosition]"}, Doc: "A location and what can be sold from it."},
		},
		Queries: []catalogue.OperationSpec{{
			Field: "searchVirtualInventory(virtualCatalogue: VirtualCatalogueKey!, virtualPosition: VirtualPositionInput, productQuantities: [ProductQuantityInput!]!, " +
				"excludedLocationRefs: [String!], orderByProximity: GeoCoordinateInput, first: Int): VirtualInventoryConnection",
			Entity: "VirtualPosition", Doc: "Locations that hold enough of each product, nearest first if a point is given. Forward only, without cursors.",
		}, {
			Field: "prices(type: [String!], currency: [String!], value: [Float!]): PriceConnection",
			Paged: true, Of: "Product.prices", Doc: "What products cost, each type, currency and value once, in that order.",
		}},
	}
}

func productTypes() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: ProductCatalogue{}, Doc: "Contains categories and products.", Event: "PRODUCT_CATALOGUE", Fires: true, Implements: orchestratedNode,
			Writers: "IMPLEMENTER INTEGRATION",
			Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref", Retailer: "retailerRefs", Location: catalogue.Everywhere, Gets: []string{"productCatalogue(ref: String!)"}, Create: true, Update: "ref", Remembered: true,
		},
		{
			Go: StandardProduct{}, Doc: "An ordinary product, usually the base of variants.", Table: "products", Shared: true, Event: "PRODUCT", Root: "catalogue",
			Writers: "IMPLEMENTER INTEGRATION",
			Fires:   true, Implements: orchestratedNode + " Product", Lengths: "type=50 status=50", KeyInputs: "LooseKey", Key: "ref catalogue", Indexes: []string{"catalogueRef ref", "ref", "updatedOn"}, Retailer: "catalogue", Location: catalogue.Everywhere,
			Gets: []string{"standardProduct(ref: String!, catalogue: ProductCatalogueKey!)"}, Create: true, Update: "ref catalogue", FoldsCase: true,
			Removes: []catalogue.RemovalSpec{{Name: "removeCategoriesFromStandardProduct", Owner: "standardProduct: StandardProductKey!", Items: "categories: [CategoryKey!]!", From: "categories"}},
		},
		{
			Go: VariantProduct{}, Doc: "A sellable variation of a standard product.", Table: "products", Shared: true, Event: "PRODUCT", Root: "catalogue",
			Writers: "IMPLEMENTER INTEGRATION",
			Fires:   true, Implements: orchestratedNode + " Product", Lengths: "type=50 status=50", KeyInputs: "LooseKey", Key: "ref catalogue", Indexes: []string{"catalogueRef ref", "ref", "updatedOn"}, Retailer: "catalogue", Location: catalogue.Everywhere,
			Gets: []string{"variantProduct(ref: String!, catalogue: ProductCatalogueKey!)"}, Create: true, Update: "ref catalogue", FoldsCase: true,
			Removes: []catalogue.RemovalSpec{{Name: "removeCategoriesFromVariantProduct", Owner: "variantProduct: VariantProductKey!", Items: "categories: [CategoryKey!]!", From: "categories"}},
		},
		{
			Go: GroupProduct{}, Doc: "A bundle or a kit.", Table: "products", Shared: true, Event: "PRODUCT", Root: "catalogue",
			Fires: true, Implements: orchestratedNode + " Product", Lengths: "type=50 status=50", KeyInputs: "LooseKey", Key: "ref catalogue", Indexes: []string{"catalogueRef ref", "ref", "updatedOn"}, Retailer: "catalogue", Location: catalogue.Everywhere, Writers: "IMPLEMENTER INTEGRATION",
			Gets: []string{"groupProduct(ref: String!, catalogue: ProductCatalogueKey!)"}, Create: true, Update: "ref catalogue", FoldsCase: true,
			Removes: []catalogue.RemovalSpec{{Name: "removeCategoriesFromGroupProduct", Owner: "groupProduct: GroupProductKey!", Items: "categories: [CategoryKey!]!", From: "categories"}},
		},
		{
			Go: Category{}, Doc: "A node of a product catalogue's tree.", Plural: "categories", Event: "CATEGORY", Root: "catalogue", Fires: true,
			Writers:    "IMPLEMENTER INTEGRATION",
			Implements: orchestratedNode, Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref catalogue", Retailer: "catalogue", Location: catalogue.Everywhere,
			Gets: []string{"category(ref: String!, catalogue: ProductCatalogueKey!)"}, Create: true, Update: "ref catalogue",
		},
	}
}

func stockTypes() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: InventoryCatalogue{}, Doc: "Contains stock records.", Event: "INVENTORY_CATALOGUE", Fires: true, Implements: orchestratedNode,
			Writers: "IMPLEMENTER INTEGRATION",
			Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref", Retailer: "retailerRefs", Location: catalogue.Everywhere, Gets: []string{"inventoryCatalogue(ref: String!)"}, Create: true, Update: "ref", Remembered: true,
		},
		{
			Go: InventoryPosition{}, Doc: "The stock of one product at one location.", ID: catalogue.UUID, Event: "INVENTORY_POSITION", Root: "catalogue",
			Writers: "IMPLEMENTER INTEGRATION",
			Fires:   true, Implements: orchestratedNode, Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref catalogue", Unique: []string{"catalogue productRef locationRef"},
			Retailer: "catalogue", Location: "locationRef", Elsewhere: true, Gets: []string{"inventoryPosition(ref: String!, catalogue: InventoryCatalogueKey!)"}, Create: true, Update: "ref catalogue",
			Totals: []catalogue.TotalSpec{{
				Name: "quantitiesAggregate", Of: "quantities", By: "type status", Sum: "quantity", Object: "InventoryQuantityAggregate", Weight: 10,
				Doc: "The sums of its quantities, by type and status.",
			}},
			Bulk: []catalogue.BulkSpec{statusOfAll("updateInventoryPositionsStatusByLocation", "InventoryPositionsLocationFilterInput", "catalogue locationRef", "Sets the status of all positions of a location.")},
		},
		{
			Go: InventoryQuantity{}, Doc: "One component of a position's stock.", Plural: "inventoryQuantities", ID: catalogue.UUID, Event: "INVENTORY_QUANTITY", Root: "catalogue",
			Writers: "IMPLEMENTER INTEGRATION",
			Fires:   true, Implements: orchestratedNode, Lengths: "type=50 status=50", KeyInputs: "Key", Words: "type=LAST_ON_HAND|DELTA|SALE|CORRECTION|RESERVED|EXPECTED|RESERVED_EXPECTED|ADJUSTMENT|IN_TRANSIT", Key: "ref catalogue", Indexes: []string{"reservedFor"}, Agrees: []string{"parent.position = position", "position.catalogue = catalogue"},
			Retailer: "catalogue", Location: "position", Elsewhere: true, Gets: []string{"inventoryQuantity(ref: String!, catalogue: InventoryCatalogueKey!)"}, Create: true, Update: "ref catalogue",
		},
		{
			Go: VirtualCatalogue{}, Doc: "A named view of availability.", Event: "VIRTUAL_CATALOGUE", Fires: true, Implements: orchestratedNode,
			Writers: "IMPLEMENTER INTEGRATION",
			Words:   "type=BASE|AGGREGATE", Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref", Indexes: []string{"inventoryCatalogueRef"}, Retailer: "retailerRefs", Location: catalogue.Everywhere, Gets: []string{"virtualCatalogue(ref: String!)"}, Create: true, Update: "ref", Remembered: true,
			Unserved: map[string]string{"controlGroupRef": "controls are not applied yet to what can be sold"},
		},
		{
			Go: VirtualPosition{}, Doc: "How many of a product can be sold from a group.", ID: catalogue.UUID, Event: "VIRTUAL_POSITION", Root: "catalogue",
			Writers: "IMPLEMENTER INTEGRATION",
			Fires:   true, Implements: orchestratedNode, Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref catalogue", Unique: []string{"catalogue productRef groupRef"},
			Retailer: "catalogue", Location: "groupRef", Elsewhere: true, Gets: []string{"virtualPosition(ref: String!, catalogue: VirtualCatalogueKey!)"}, Create: true, Update: "ref catalogue",
			Bulk: []catalogue.BulkSpec{statusOfAll("updateVirtualPositionsStatusByGroup", "VirtualPositionsGroupFilterInput", "catalogue groupRef", "Sets the status of all positions of a group.")},
		},
	}
}

// statusOfAll declares a mutation that sets the status of all positions that have some values in common.
func statusOfAll(name, filter, by, doc string) catalogue.BulkSpec {
	return catalogue.BulkSpec{Name: name, Filter: filter, By: by, Set: "StatusInput", Output: "UpdateStatusOutput", Doc: doc}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "StatusInput", Fields: []string{"status: String!"}},
		{Name: "VirtualPositionInput", Fields: []string{"status: String"}},
		{Name: "ProductQuantityInput", Fields: []string{"productRef: String!", "quantity: Int!"}},
		{Name: "GeoCoordinateInput", Fields: []string{"latitude: Float!", "longitude: Float!"}},
		{Name: "UpdateInventoryQuantityInput", Of: "InventoryQuantity", Base: catalogue.Update},
	}
}
