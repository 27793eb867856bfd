package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

func TestEveryTypeSaysHowARetailerLimitReachesIt(t *testing.T) {
	t.Parallel()
	var wide []string
	for _, typ := range domain.Catalogue().Types() {
		if !typ.Limited() {
			wide = append(wide, typ.Name)
		}
		seen := map[*catalogue.Type]bool{}
		for at := typ; at.RetailerVia != nil; at = at.RetailerVia.Ref {
			require.False(t, seen[at], "%s: the way to the retailer goes round in circles", typ.Name)
			seen[at] = true
			require.False(t, at.RetailerVia.Ref.Abstract(), at.Name)
		}
	}
	require.ElementsMatch(t, []string{"User", "Role"}, wide, "account-wide types")
}

// TestEveryTypeSaysWhereItsRowsAre: roles at locations reach what leads to one of their locations, and nothing of a type that says nothing. So each says it,
// or that its rows are at no location.
func TestEveryTypeSaysWhereItsRowsAre(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, spec := range domain.Specs() {
		for _, s := range spec.Types {
			said[reflect.TypeOf(s.Go).Name()] = s.Location != ""
		}
	}
	ways := map[string][]string{}
	for _, typ := range domain.Catalogue().Types() {
		require.NotEqual(t, said[typ.Name], typ.Owner != nil, "%s: Location says where its rows are, or what they are about does", typ.Name)
		if typ.Places == nil {
			continue
		}
		for _, w := range typ.Places.Ways {
			ends := w.At == domain.Catalogue().LocationType().Field("id") || w.At.Ref == domain.Catalogue().LocationType() || w.At.Kind == catalogue.Text
			require.True(t, ends, "%s: the way ends at %s", typ.Name, w.At.Name)
			text := ""
			for _, s := range w.Steps {
				text += s.Target.Name + "."
			}
			ways[typ.Name] = append(ways[typ.Name], text+w.At.Name)
		}
	}
	require.Equal(t, []string{"Order.Fulfilment.fromLocation", "Order.Fulfilment.Address.location", "Order.FulfilmentChoice.pickupLocationRef"}, ways["Customer"])
	require.Equal(t, []string{"fromLocation", "Address.location"}, ways["Fulfilment"], "what a store sends, and what is sent to it")
	require.Equal(t, []string{"processingLocation"}, ways["Wave"])
	require.Equal(t, []string{"lodgedLocation", "destinationLocation", "ReturnFulfilment.lodgedLocation", "ReturnFulfilment.destinationLocation"}, ways["ReturnOrder"])
	require.Empty(t, ways["Invoice"])
	require.True(t, domain.Catalogue().Type("InventoryPosition").Places.Open, "stock elsewhere is readable")
}

func TestEveryRootIsReachedAndRunsAWorkflow(t *testing.T) {
	t.Parallel()
	roots := map[string]string{}
	for _, typ := range domain.Catalogue().Types() {
		if typ.EntityType == "" {
			continue
		}
		root := typ
		for root.Root != nil {
			root = root.Root.Ref
		}
		require.True(t, root.Workflow, typ.Name)
		roots[typ.EntityType] = root.EntityType
	}
	require.Equal(t, map[string]string{
		"LOCATION": "LOCATION", "ORDER": "ORDER", "FULFILMENT": "ORDER", "FULFILMENT_CHOICE": "ORDER", "ARTICLE": "ORDER", "FINANCIAL_TRANSACTION": "ORDER",
		"BILLING_ACCOUNT": "BILLING_ACCOUNT", "INVOICE": "BILLING_ACCOUNT", "CREDIT_MEMO": "BILLING_ACCOUNT", "PAYMENT": "BILLING_ACCOUNT", "PAYMENT_TRANSACTION": "BILLING_ACCOUNT",
		"PRODUCT_CATALOGUE": "PRODUCT_CATALOGUE", "PRODUCT": "PRODUCT_CATALOGUE", "CATEGORY": "PRODUCT_CATALOGUE",
		"INVENTORY_CATALOGUE": "INVENTORY_CATALOGUE", "INVENTORY_POSITION": "INVENTORY_CATALOGUE", "INVENTORY_QUANTITY": "INVENTORY_CATALOGUE",
		"VIRTUAL_CATALOGUE": "VIRTUAL_CATALOGUE", "VIRTUAL_POSITION": "VIRTUAL_CATALOGUE",
		"WAVE": "LOCATION", "MANIFEST": "LOCATION", "CARRIER": "CARRIER", "CARRIER_CONSIGNMENT": "CARRIER", "CONSIGNMENT": "ORDER",
		"CONTROL_GROUP": "CONTROL_GROUP", "CONTROL": "CONTROL_GROUP", "FULFILMENT_OPTIONS": "FULFILMENT_OPTIONS", "FULFILMENT_PLAN": "FULFILMENT_OPTIONS",
		"RETURN_ORDER": "RETURN_ORDER", "RETURN_FULFILMENT": "RETURN_ORDER",
	}, roots)
}

func TestCreatesThatFire(t *testing.T) {
	t.Parallel()
	var quiet []string
	for _, typ := range domain.Catalogue().Types() {
		if typ.EntityType != "" && !typ.Fires {
			quiet = append(quiet, typ.Name)
		}
		require.False(t, typ.Fires && !typ.Workflow, "%s fires, but no workflow answers", typ.Name)
	}
	require.ElementsMatch(t, []string{"Location", "CarrierConsignment", "Manifest"}, quiet)
}

func TestUUIDsAreForWhatIsNumerous(t *testing.T) {
	t.Parallel()
	var uuids []string
	for _, typ := range domain.Catalogue().Types() {
		if typ.IDKind == catalogue.UUID {
			uuids = append(uuids, typ.Name)
		}
	}
	require.Equal(t, []string{"InventoryPosition", "InventoryQuantity", "VirtualPosition", "FulfilmentOption", "FulfilmentPlan"}, uuids)
}

func TestInlineChildrenKnowTheirParent(t *testing.T) {
	t.Parallel()
	c := domain.Catalogue()
	back := map[string]string{}
	for _, in := range c.Inputs() {
		for _, f := range in.Fields {
			if f.Children == nil {
				continue
			}
			require.NotNil(t, f.Children.Of, in.Name+"."+f.Name)
			if f.Back != nil {
				back[in.Name+"."+f.Name] = f.Back.Name
			}
		}
	}
	require.Equal(t, map[string]string{
		"CreateLocationInput.primaryAddress": "location", "UpdateLocationInput.primaryAddress": "location",
		"CreateLocationInput.openingSchedule": "location", "UpdateLocationInput.openingSchedule": "location",
		"CreateOrderInput.fulfilmentChoice": "order", "CreateOrderAndCustomerInput.fulfilmentChoice": "order",
		"CreateOrderInput.billingAddress": "order", "UpdateOrderInput.billingAddress": "order",
	}, back)
}

func TestCopiesOnCreation(t *testing.T) {
	t.Parallel()
	copies := map[string][]string{}
	for _, typ := range domain.Catalogue().Types() {
		for _, f := range typ.Fields {
			if f.CopyOver != nil {
				copies[typ.Name+"."+f.Name] = []string{f.CopyOver.Name}
			}
			for _, step := range f.Copy {
				copies[typ.Name+"."+f.Name] = append(copies[typ.Name+"."+f.Name], step.Name)
			}
		}
	}
	require.Equal(t, map[string][]string{
		"Customer.ref": {"username"}, "Order.customerLink": {"customer", "ref"}, "Order.payment": {"paymentId", "ref"}, "BillingAccount.customer": {"customerId", "ref"}, "Fulfilment.fromLocation": {"fromAddress", "location", "ref"},
		"StandardProduct.catalogueRef": {"catalogue", "ref"}, "VariantProduct.catalogueRef": {"catalogue", "ref"}, "GroupProduct.catalogueRef": {"catalogue", "ref"}, "Article.order": {"fulfilments", "order"},
		"Wave.processingLocation": {"location", "ref"}, "Consignment.order": {"consignmentArticles", "article", "order"},
		"ReturnOrder.customer": {"customerEntity", "ref"},
	}, copies)
}

func TestFactsOfTypes(t *testing.T) {
	t.Parallel()
	c := domain.Catalogue()
	var folds, remembered, codes []string
	for _, typ := range append(slices.Clone(c.Types()), c.Abstract()...) {
		if typ.FoldsCase {
			folds = append(folds, typ.Name)
		}
		if typ.Remembered {
			remembered = append(remembered, typ.Name)
		}
		for _, u := range typ.Uniques {
			if u.Taken != "C0123E" {
				codes = append(codes, u.Name+" "+u.Taken)
			}
		}
	}
	require.Equal(t, []string{"Customer", "StandardProduct", "VariantProduct", "GroupProduct", "Product"}, folds, "wildcards that ignore case")
	require.Equal(t, []string{"ProductCatalogue", "InventoryCatalogue", "VirtualCatalogue"}, remembered)
	require.Equal(t, []string{"orders_ref_key C0121E"}, codes, "keys whose fault has a code of its own when they are taken")
}

// TestWhatCountsIsNeverNegative lists the numbers that count or measure, and those that are within a range. Stock is not among them: reservations and sales are negative.
func TestWhatCountsIsNeverNegative(t *testing.T) {
	t.Parallel()
	c := domain.Catalogue()
	var bounded, ranged []string
	for _, typ := range c.Types() {
		for _, f := range typ.Fields {
			switch {
			case f.Bounds.Count():
				bounded = append(bounded, typ.Name+"."+f.Name)
			case f.Least != nil || f.Most != nil:
				ranged = append(ranged, typ.Name+"."+f.Name)
			}
		}
	}
	for _, v := range c.Values() {
		for _, f := range v.Fields {
			if f.Bounds.Count() {
				bounded = append(bounded, v.Name+"."+f.Name)
			}
		}
	}
	require.Equal(t, []string{
		"OrderItem.quantity", "FulfilmentItem.requestedQuantity", "FulfilmentItem.filledQuantity", "FulfilmentItem.rejectedQuantity",
		"Article.quantity", "Article.height", "Article.length", "Article.width", "Article.weight", "ArticleItem.quantity", "FulfilmentPlan.splitCount", "SourcingProfile.defaultMaxSplit", "QuantityType.quantity", "Price.value",
		"FulfilmentOptionProduct.requestedQuantity", "FulfilmentPlanFulfilmentItem.availableQuantity", "FulfilmentPlanFulfilmentItem.requestedQuantity",
		"SourcingStrategy.maxSplit", "SourcingFallbackStrategy.maxSplit",
	}, bounded)
	var hours []string
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		hours = append(hours, "OpeningSchedule."+day+"Start", "OpeningSchedule."+day+"End")
	}
	addresses := []string{"StoreAddress.latitude", "StoreAddress.longitude", "CustomerAddress.latitude", "CustomerAddress.longitude"}
	require.Equal(t, slices.Concat(addresses, hours, []string{"OrderBillingAddress.latitude", "OrderBillingAddress.longitude", "PaymentServiceProvider.port"}), ranged)
}

// TestNothingBeginsWithoutAStatus: no ruleset would answer it, and no list that asks for a status would show it.
func TestNothingBeginsWithoutAStatus(t *testing.T) {
	t.Parallel()
	var active []string
	for _, typ := range domain.Catalogue().Types() {
		status := typ.Field("status")
		if status == nil {
			continue
		}
		first := ""
		for _, d := range typ.Defaults {
			if d.Field == status {
				first = d.Before
			}
		}
		require.NotEmpty(t, first, "%s.status has no default=", typ.Name)
		if first != "CREATED" {
			active = append(active, typ.Name+" "+first)
		}
	}
	require.Equal(t, []string{"Retailer ACTIVE", "Location ACTIVE", "Network ACTIVE", "Customer ACTIVE", "User ACTIVE", "SourcingProfile DRAFT"}, active, "what no workflow activates")
}

func TestPersonalDataIsMarked(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range domain.Catalogue().Type("Customer").Fields {
		if f.Personal {
			names = append(names, f.Name)
		}
	}
	require.Equal(t, []string{"ref", "username", "title", "firstName", "lastName", "primaryEmail", "primaryPhone", "department", "attributes"}, names)
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	user := domain.Catalogue().Type("User")
	require.True(t, user.Field("passwordHash").Hidden)
	require.Empty(t, user.Field("passwordHash").Argument)
	require.True(t, user.Create.Input.Field("password").WriteOnly)
	require.Nil(t, user.Update.Input.Field("password"))
}

func TestAnEntityIsAPlainStruct(t *testing.T) {
	t.Parallel()
	typ := domain.Catalogue().Type("Order")
	o := &order.Order{RetailerID: "1", Ref: "O-1"}
	require.Equal(t, catalogue.ID("1"), typ.Field("retailer").Get(o))
	require.True(t, slices.ContainsFunc(typ.Uniques, func(u catalogue.Unique) bool { return u.Name == "orders_ref_key" }))
}
