package shipping

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{Types: append(consignments(), carriers()...), Inputs: inputs()}
}

func carriers() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: Carrier{}, Doc: "A delivery company that works for a retailer.", Event: "CARRIER", Fires: true, Implements: "Node Orchestrateable Referenceable Extendable",
			Writers: "IMPLEMENTER",
			Lengths: "type=50 status=50", KeyInputs: "Id Key", Key: "ref", Retailer: "retailer", Location: catalogue.Everywhere,
			Gets: []string{"carrier(ref: String!)", "carrierById(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: Manifest{}, Doc: "What a carrier takes over at a location.", Event: "MANIFEST", Root: "location", Implements: "Node Referenceable Extendable",
			Writers: "INTEGRATION STORE_ASSISTANT",
			Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref", Retailer: "carrier", Location: "location",
			Agrees: []string{"location.retailer = carrier.retailer", "carrier.retailer = carrierConsignments.retailer"},
			Gets:   []string{"manifest(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: CarrierDetails{}, Doc: "How a retailer or a location works with a carrier.", Plural: "carrierDetailses", Provided: true, Retailer: "retailerId", Location: catalogue.Everywhere,
		},
		{Go: CarrierAttribute{}, Doc: "A named value of carrier details.", Provided: true, Retailer: "carrierDetails", Location: catalogue.Everywhere},
	}
}

func consignments() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: Consignment{}, Doc: "A carrier's booking for parcels of one order.", Private: true, Event: "CONSIGNMENT", Root: "order", Fires: true, Implements: "Node",
			Writers:   "INTEGRATION STORE_ASSISTANT",
			KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "retailer", Location: "consignmentArticles", Indexes: []string{"order"},
			Agrees: []string{"carrier.retailer = retailer"},
			Gets:   []string{"consignmentById(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: ConsignmentArticle{}, Doc: "A parcel that goes with a consignment.", Key: "article consignment", Retailer: "consignment", Location: "article",
			Agrees: []string{"article.order.retailer = consignment.retailer"},
			Gets:   []string{"consignmentArticleById(article: ArticleId, consignment: ConsignmentId)"},
		},
		{
			Go: CarrierConsignment{}, Doc: "A carrier's booking that can be put on a manifest.", Private: true, Event: "CARRIER_CONSIGNMENT", Root: "carrier",
			Writers:    "INTEGRATION STORE_ASSISTANT",
			Implements: "Node Referenceable Extendable", KeyInputs: "Key", Key: "ref", Retailer: "retailer", Location: "carrierConsignmentArticles",
			Agrees: []string{"carrier.retailer = retailer"},
			Gets:   []string{"carrierConsignment(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: CarrierConsignmentArticle{}, Doc: "A parcel that goes with a carrier consignment.", Table: "carrier_articles", Key: "article carrierConsignment", Retailer: "carrierConsignment", Location: "article",
			Agrees: []string{"article.order.retailer = carrierConsignment.retailer"},
			Gets:   []string{"carrierConsignmentArticleById(article: ArticleId, carrierConsignment: CarrierConsignmentKey)"},
		},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "UpdateCarrierInput", Of: "Carrier", Base: catalogue.Update, Without: "type"},
		{Name: "ConsignmentArticleId", Of: "ConsignmentArticle", Fields: []string{"article: ArticleId", "consignment: ConsignmentId"}},
		{Name: "CarrierConsignmentArticleId", Of: "CarrierConsignmentArticle", Fields: []string{"article: ArticleId", "carrierConsignment: CarrierConsignmentKey"}},
		{
			Name: "CreateConsignmentArticleWithConsignmentInput", Of: "ConsignmentArticle", Base: catalogue.Create,
			Doc: "A parcel of a consignment of either family.",
		},
	}
}
