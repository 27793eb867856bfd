package graphql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
)

const (
	catalogueOfProducts = `catalogue: {ref: "PC:MASTER:1"}`
	inReturn            = `returnOrder: {ref: "R", retailer: {id: 1}}`
	kim                 = `firstName: "K", primaryEmail: "k@b.c", timezone: "UTC"`
)

// mutationsAndPermissions has one use of each mutation, in an order in which all of them succeed, and the permission that it needs. {order} and
// the like are ids that TestEveryMutationAsksForItsOwnPermission knows.
var mutationsAndPermissions = []struct{ mutation, permission string }{
	{`createRetailer(input: {name: "THIRD", tradingName: "Third"}) { id }`, "RETAILER_CREATE"},
	{`updateRetailer(input: {id: 1, tradingName: "X"}) { id }`, "RETAILER_UPDATE"},
	{`createNetwork(input: {name: "N2", retailers: {id: 1}}) { id }`, "NETWORK_CREATE"},
	{`updateNetwork(input: {id: {network}, type: "X"}) { id }`, "NETWORK_UPDATE"},
	{`createLocation(input: {ref: "L2", type: "STORE", name: "x", retailer: {id: 1}, primaryAddress: {ref: "a", latitude: 1, longitude: 1}, openingSchedule: ` + hours + `}) { id }`, "LOCATION_CREATE"},
	{`updateLocation(input: {id: {location}, name: "X", networks: [{id: {network}}]}) { id }`, "LOCATION_UPDATE"},
	{`removeNetworksFromLocation(input: {location: {ref: "L"}, networks: {ref: "N"}}) { status }`, "LOCATION_UPDATE"},
	{`removeLocationsFromNetwork(input: {network: {ref: "N"}, locations: {ref: "L"}}) { status }`, "NETWORK_UPDATE"},
	{`createStoreAddress(input: {ref: "SA", latitude: 1, longitude: 1}) { id }`, "STOREADDRESS_CREATE"},
	{`updateStoreAddress(input: {id: {address}, city: "X"}) { id }`, "STOREADDRESS_UPDATE"},
	{`updateOpeningSchedule(input: {id: {schedule}, monStart: 1}) { id }`, "OPENINGSCHEDULE_UPDATE"},
	{`createCustomerAddress(input: {ref: "CA"}) { id }`, "CUSTOMERADDRESS_CREATE"},
	{`updateCustomerAddress(input: {id: {customerAddress}, city: "X"}) { id }`, "CUSTOMERADDRESS_UPDATE"},
	{`createSetting(input: {name: "T", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id }`, "SETTING_CREATE"},
	{`updateSetting(input: {id: {setting}, valueType: "STRING", value: "2", context: "RETAILER", contextId: 1}) { id }`, "SETTING_UPDATE"},
	{`createCustomer(input: {username: "k2", promotionOptIn: false, retailer: {id: 1}, ` + kim + `}) { id }`, "CUSTOMER_CREATE"},
	{`createComment(input: {entityType: "ORDER", entityId: "{order}", text: "c"}) { id }`, "COMMENT_CREATE"},
	{`updateComment(input: {id: {comment}, text: "X"}) { id }`, "COMMENT_UPDATE"},
	{`createUser(input: {ref: "u2", username: "u2", password: "p", type: "ADMIN", ` + kim + `}) { id }`, "USER_CREATE"},
	{`updateUser(input: {id: {user}, lastName: "X"}) { id }`, "USER_UPDATE"},
	{`removeUserRolesFromUser(input: {user: {username: "u"}, roles: {role: {name: "R"}, contexts: {contextType: "RETAILER", contextId: 1}}}) { status }`, "USER_UPDATE"},
	{`createRole(input: {name: "R2"}) { id }`, "ROLE_CREATE"},
	{`updateRole(input: {name: "R"}) { id }`, "ROLE_UPDATE"},
	{`removePermissionsFromRole(input: {role: {name: "R"}, permissions: {name: "ROLE_UPDATE"}}) { status }`, "ROLE_UPDATE"},
	{`createBillingAccount(input: {ref: "BA2", type: "CUSTOMER", name: "x", retailer: {id: 1}}) { id }`, "BILLINGACCOUNT_CREATE"},
	{`updateBillingAccount(input: {ref: "BA", name: "X"}) { id }`, "BILLINGACCOUNT_UPDATE"},
	{`createInvoice(input: {ref: "I2", type: "T", billingAccount: {ref: "BA"}, ` + totals + `}) { id }`, "INVOICE_CREATE"},
	{`updateInvoice(input: {ref: "I", status: "X"}) { id }`, "INVOICE_UPDATE"},
	{`createInvoiceItem(input: {invoice: {ref: "I"}, ` + line("II2", "")[1:] + `) { id }`, "INVOICEITEM_CREATE"},
	{`createCreditMemo(input: {ref: "M2", type: "T", billingAccount: {ref: "BA"}, ` + totals + `}) { id }`, "CREDITMEMO_CREATE"},
	{`updateCreditMemo(input: {ref: "M", status: "X"}) { id }`, "CREDITMEMO_UPDATE"},
	{`createCreditMemoItem(input: {creditMemo: {ref: "M"}, ` + line("MI2", "")[1:] + `) { id }`, "CREDITMEMOITEM_CREATE"},
	{`createPaymentServiceProvider(input: {ref: "PSP2", clientId: "c", clientSecret: "s", serviceAuthToken: "t", host: "h", port: 1, retailer: {id: 1}}) { id }`, "PAYMENTSERVICEPROVIDER_CREATE"},
	{`updatePaymentServiceProvider(input: {ref: "PSP", port: 2}) { id }`, "PAYMENTSERVICEPROVIDER_UPDATE"},
	{`createPayment(input: {ref: "PAY2", type: "DEFAULT", amount: {amount: 1}, retailer: {id: 1}}) { id }`, "PAYMENT_CREATE"},
	{`updatePayment(input: {ref: "PAY", status: "X"}) { id }`, "PAYMENT_UPDATE"},
	{`createPaymentTransaction(input: {payment: {ref: "PAY"}, ` + transaction("T2", "PSP", "")[1:] + `) { id }`, "PAYMENTTRANSACTION_CREATE"},
	{`createFinancialTransaction(input: {ref: "FT2", type: "PAYMENT", amount: 1, currency: "AUD", paymentMethod: "CASH", order: {id: {order}}}) { id }`, "FINANCIALTRANSACTION_CREATE"},
	{`updateFinancialTransaction(input: {id: 1, status: "X"}) { id }`, "FINANCIALTRANSACTION_UPDATE"},
	{`createProductCatalogue(input: {ref: "PC2", type: "MASTER", name: "x", retailerRefs: "1"}) { id }`, "PRODUCTCATALOGUE_CREATE"},
	{`updateProductCatalogue(input: {ref: "PC:MASTER:1", name: "X"}) { id }`, "PRODUCTCATALOGUE_UPDATE"},
	{`createCategory(input: {ref: "C2", type: "T", name: "x", ` + catalogueOfProducts + `}) { id }`, "CATEGORY_CREATE"},
	{`updateCategory(input: {ref: "C", name: "X", ` + catalogueOfProducts + `}) { id }`, "CATEGORY_UPDATE"},
	{`createStandardProduct(input: {ref: "P3", type: "STANDARD", gtin: "1", name: "x", ` + catalogueOfProducts + `}) { id }`, "STANDARDPRODUCT_CREATE"},
	{`updateStandardProduct(input: {ref: "P1", name: "X", ` + catalogueOfProducts + `}) { id }`, "STANDARDPRODUCT_UPDATE"},
	{`removeCategoriesFromStandardProduct(input: {standardProduct: {ref: "P1", ` + catalogueOfProducts + `}, categories: {ref: "C", ` + catalogueOfProducts + `}}) { status }`, "STANDARDPRODUCT_UPDATE"},
	{`createVariantProduct(input: {ref: "V2", type: "VARIANT", gtin: "2", name: "x", ` + catalogueOfProducts + `, product: {ref: "P1", ` + catalogueOfProducts + `}}) { id }`, "VARIANTPRODUCT_CREATE"},
	{`updateVariantProduct(input: {ref: "V", name: "X", ` + catalogueOfProducts + `}) { id }`, "VARIANTPRODUCT_UPDATE"},
	{`removeCategoriesFromVariantProduct(input: {variantProduct: {ref: "V", ` + catalogueOfProducts + `}, categories: {ref: "C", ` + catalogueOfProducts + `}}) { status }`, "VARIANTPRODUCT_UPDATE"},
	{`createInventoryCatalogue(input: {ref: "IC2", type: "DEFAULT", name: "x", retailerRefs: "1"}) { id }`, "INVENTORYCATALOGUE_CREATE"},
	{`updateInventoryCatalogue(input: {ref: "IC", name: "X"}) { id }`, "INVENTORYCATALOGUE_UPDATE"},
	{`createInventoryPosition(input: {ref: "IP2", type: "DEFAULT", productRef: "P2", locationRef: "L", onHand: 1, catalogue: {ref: "IC"}}) { id }`, "INVENTORYPOSITION_CREATE"},
	{`updateInventoryPosition(input: {ref: "IP", onHand: 2, catalogue: {ref: "IC"}}) { id }`, "INVENTORYPOSITION_UPDATE"},
	{`updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "IC"}, locationRef: "L"}, input: {status: "X"}) { count }`, "INVENTORYPOSITION_UPDATE"},
	{`createInventoryQuantity(input: {ref: "Q2", type: "LAST_ON_HAND", quantity: 1, catalogue: {ref: "IC"}, position: {ref: "IP", catalogue: {ref: "IC"}}}) { id }`, "INVENTORYQUANTITY_CREATE"},
	{`updateInventoryQuantity(input: {ref: "Q", quantity: 2, catalogue: {ref: "IC"}}) { id }`, "INVENTORYQUANTITY_UPDATE"},
	{`createVirtualCatalogue(input: {ref: "VC2", type: "BASE", name: "x", inventoryCatalogueRef: "IC", productCatalogueRef: "PC:MASTER:1", retailerRefs: "1"}) { id }`, "VIRTUALCATALOGUE_CREATE"},
	{`updateVirtualCatalogue(input: {ref: "VC", name: "X"}) { id }`, "VIRTUALCATALOGUE_UPDATE"},
	{`createVirtualPosition(input: {ref: "VP2", type: "BASE", productRef: "P2", groupRef: "L", quantity: 1, catalogue: {ref: "VC"}}) { id }`, "VIRTUALPOSITION_CREATE"},
	{`updateVirtualPosition(input: {ref: "VP", quantity: 2, catalogue: {ref: "VC"}}) { id }`, "VIRTUALPOSITION_UPDATE"},
	{`updateVirtualPositionsStatusByGroup(filter: {catalogue: {ref: "VC"}, groupRef: "L"}, input: {status: "X"}) { count }`, "VIRTUALPOSITION_UPDATE"},
	{`createOrder(input: {ref: "O-8", type: "HD", retailer: {id: 1}, customer: {id: {customer}}, items: []}) { id }`, "ORDER_CREATE"},
	{`createOrderAndCustomer(input: {ref: "O-9", type: "HD", retailer: {id: 1}, items: [], customer: {username: "k3", promotionOptIn: false, retailer: {id: 1}, ` + kim + `}}) { id }`, "ORDER_CREATE"},
	{`updateOrder(input: {id: {order}, status: "X"}) { id }`, "ORDER_UPDATE"},
	{`createOrderItem(input: {ref: "3", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1, order: {id: {order}}}) { id }`, "ORDERITEM_CREATE"},
	{`createFulfilment(input: {ref: "F-9", type: "HD_PFS", order: {id: {order}}}) { id }`, "FULFILMENT_CREATE"},
	{`updateFulfilment(input: {id: {fulfilment}, status: "X"}) { id }`, "FULFILMENT_UPDATE"},
	{`createFulfilmentChoice(input: {deliveryType: "STANDARD", order: {id: {order}}}) { id }`, "FULFILMENTCHOICE_CREATE"},
	{`updateFulfilmentChoice(input: {id: {choice}, status: "X"}) { id }`, "FULFILMENTCHOICE_UPDATE"},
	{`updateCustomer(input: {username: "k0", title: "Dr"}) { id }`, "CUSTOMER_UPDATE"},
	{`createGroupProduct(input: {ref: "G2", type: "KIT", name: "x", ` + catalogueOfProducts + `}) { id }`, "GROUPPRODUCT_CREATE"},
	{`updateGroupProduct(input: {ref: "G", name: "X", ` + catalogueOfProducts + `}) { id }`, "GROUPPRODUCT_UPDATE"},
	{`updateProduct(input: {ref: "G", name: "Y", ` + catalogueOfProducts + `}) { id }`, "GROUPPRODUCT_UPDATE"},
	{`removeCategoriesFromGroupProduct(input: {groupProduct: {ref: "G", ` + catalogueOfProducts + `}, categories: {ref: "C", ` + catalogueOfProducts + `}}) { status }`, "GROUPPRODUCT_UPDATE"},
	{`createArticle(input: {ref: "A2", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: {fulfilment}}}) { id }`, "ARTICLE_CREATE"},
	{`updateArticle(input: {id: {article}, height: 2}) { id }`, "ARTICLE_UPDATE"},
	{`createStorageArea(input: {ref: "S2", location: {id: {location}}}) { id }`, "STORAGEAREA_CREATE"},
	{`updateStorageArea(input: {id: {area}, type: "X"}) { id }`, "STORAGEAREA_UPDATE"},
	{`createWave(input: {ref: "W2", type: "T", retailer: {id: 1}, location: {id: {location}}, fulfilments: {id: {fulfilment}}}) { id }`, "WAVE_CREATE"},
	{`updateWave(input: {id: {wave}, name: "X"}) { id }`, "WAVE_UPDATE"},
	{`createCarrier(input: {ref: "C2", type: "T", name: "x", retailer: {id: 1}}) { id }`, "CARRIER_CREATE"},
	{`updateCarrier(input: {id: {carrier}, name: "X"}) { id }`, "CARRIER_UPDATE"},
	{`createConsignment(input: {ref: "G2", consignmentReference: "x", retailer: {id: 1}, carrier: {id: {carrier}}, consignmentArticles: {article: {id: {article}}}}) { id }`, "CONSIGNMENT_CREATE"},
	{`updateConsignment(input: {id: {consignment}, status: "X"}) { id }`, "CONSIGNMENT_UPDATE"},
	{`createCarrierConsignment(input: {ref: "CG2", retailer: {id: 1}, carrier: {id: {carrier}}, carrierConsignmentArticles: {article: {id: {article}}}}) { id }`, "CARRIERCONSIGNMENT_CREATE"},
	{`updateCarrierConsignment(input: {ref: "CG", status: "X"}) { id }`, "CARRIERCONSIGNMENT_UPDATE"},
	{`createManifest(input: {ref: "M2", type: "T", name: "x", carrier: {ref: "C"}, location: {ref: "L"}, carrierConsignments: {ref: "CG"}}) { id }`, "MANIFEST_CREATE"},
	{`updateManifest(input: {ref: "M", name: "X"}) { id }`, "MANIFEST_UPDATE"},
	{`createControlGroup(input: {ref: "CG2", type: "T", name: "x", retailerRefs: "1"}) { id }`, "CONTROLGROUP_CREATE"},
	{`updateControlGroup(input: {ref: "CG", name: "X"}) { id }`, "CONTROLGROUP_UPDATE"},
	{`createControl(input: {ref: "CT2", type: "T", name: "x", controlGroup: {ref: "CG"}}) { id }`, "CONTROL_CREATE"},
	{`updateControl(input: {ref: "CT", name: "X"}) { id }`, "CONTROL_UPDATE"},
	{`createFulfilmentOption(input: {ref: "FO2", type: "T", retailerId: 1}) { id }`, "FULFILMENTOPTION_CREATE"},
	{`updateFulfilmentOption(input: {id: "{option}", status: "X"}) { id }`, "FULFILMENTOPTION_UPDATE"},
	{`createFulfilmentPlan(input: {ref: "FP2", type: "T", retailerId: 1, fulfilmentOptionId: {id: "{option}"}}) { id }`, "FULFILMENTPLAN_CREATE"},
	{`createSourcingProfile(input: {ref: "SP2", retailer: {id: 1}}) { ref }`, "SOURCINGPROFILE_CREATE"},
	{`activateSourcingProfile(input: {ref: "SP", version: 1}) { ref }`, "SOURCINGPROFILE_UPDATE"},
	{`updateFulfilmentPlan(input: {id: "{plan}", status: "X"}) { id }`, "FULFILMENTPLAN_UPDATE"},
	{returnOrder("R-9", 1) + ` { id }`, "RETURNORDER_CREATE"},
	{`updateReturnOrder(input: {ref: "R", retailer: {id: 1}, status: "X"}) { id }`, "RETURNORDER_UPDATE"},
	{`createReturnOrderItem(input: {ref: "9", type: "T", status: "S", ` + p1 + `, ` + itemAmounts + `, unitQuantity: {quantity: 1}, orderItem: {ref: "1", order: {ref: "O", retailer: {id: 1}}}, ` + inReturn + `}) { id }`, "RETURNORDERITEM_CREATE"},
	{`createReturnFulfilment(input: {ref: "F-9", type: "T", destinationLocation: {ref: "L"}, ` + inReturn + `}) { id }`, "RETURNFULFILMENT_CREATE"},
	{`updateReturnFulfilment(input: {ref: "F", status: "X", ` + inReturn + `}) { id }`, "RETURNFULFILMENT_UPDATE"},
	{`createReturnFulfilmentItem(input: {ref: "9", unitQuantity: {quantity: 1}, returnOrderItem: {ref: "1", ` + inReturn + `}, returnOrderFulfilment: {ref: "F", ` + inReturn + `}}) { id }`, "RETURNFULFILMENTITEM_CREATE"},
}

// everything that mutationsAndPermissions changes, with what its mutations call it.
func (w *world) everything() *strings.Replacer {
	w.t.Helper()
	orders, _, fulfilments := w.twoOrders()
	id := func(mutation string) string {
		w.t.Helper()
		return at(w.data("mutation { x: "+mutation+" }", ""), "x.id").(string)
	}
	network := id(`createNetwork(input: {name: "N", retailers: {id: 1}}) { id }`)
	location := at(w.data(`mutation { x: createLocation(input: {ref: "L", type: "STORE", name: "x", retailer: {id: 1}, networks: {id: `+network+`},
		primaryAddress: {ref: "a", latitude: 1, longitude: 1}, openingSchedule: `+hours+`}) { id primaryAddress { id } openingSchedule { id } } }`, ""), "x")
	id(`createRole(input: {name: "R", permissions: {name: "ORDER_VIEW"}}) { id }`)
	id(`createBillingAccount(input: {ref: "BA", type: "CUSTOMER", name: "x", retailer: {id: 1}}) { id }`)
	id(`createInvoice(input: {ref: "I", type: "T", billingAccount: {ref: "BA"}, ` + totals + `}) { id }`)
	id(`createCreditMemo(input: {ref: "M", type: "T", billingAccount: {ref: "BA"}, ` + totals + `}) { id }`)
	id(`createPaymentServiceProvider(input: {ref: "PSP", clientId: "c", clientSecret: "s", serviceAuthToken: "t", host: "h", port: 1, retailer: {id: 1}}) { id }`)
	id(`createPayment(input: {ref: "PAY", type: "DEFAULT", amount: {amount: 1}, retailer: {id: 1}}) { id }`)
	id(`createFinancialTransaction(input: {ref: "FT", type: "PAYMENT", amount: 1, currency: "AUD", paymentMethod: "CASH", order: {id: ` + orders[0] + `}}) { id }`)
	id(`createCategory(input: {ref: "C", type: "T", name: "C", ` + catalogueOfProducts + `}) { id }`)
	id(`createVariantProduct(input: {ref: "V", type: "VARIANT", gtin: "2", name: "x", ` + catalogueOfProducts + `, product: {ref: "P1", ` + catalogueOfProducts + `}}) { id }`)
	id(`createGroupProduct(input: {ref: "G", type: "KIT", name: "x", ` + catalogueOfProducts + `}) { id }`)
	id(`createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "x", retailerRefs: "1"}) { id }`)
	id(`createInventoryPosition(input: {ref: "IP", type: "DEFAULT", productRef: "P1", locationRef: "L", onHand: 1, catalogue: {ref: "IC"}}) { id }`)
	id(`createInventoryQuantity(input: {ref: "Q", type: "LAST_ON_HAND", quantity: 1, catalogue: {ref: "IC"}, position: {ref: "IP", catalogue: {ref: "IC"}}}) { id }`)
	id(`createVirtualCatalogue(input: {ref: "VC", type: "BASE", name: "x", inventoryCatalogueRef: "IC", productCatalogueRef: "PC:MASTER:1", retailerRefs: "1"}) { id }`)
	id(`createVirtualPosition(input: {ref: "VP", type: "BASE", productRef: "P1", groupRef: "L", quantity: 1, catalogue: {ref: "VC"}}) { id }`)
	place := at(location, "id").(string)
	parcel := id(`createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: ` + fulfilments[0] + `}}) { id }`)
	carrier := id(`createCarrier(input: {ref: "C", type: "T", name: "x", retailer: {id: 1}}) { id }`)
	id(`createCarrierConsignment(input: {ref: "CG", retailer: {id: 1}, carrier: {id: ` + carrier + `}, carrierConsignmentArticles: []}) { id }`)
	id(`createManifest(input: {ref: "M", type: "T", name: "x", carrier: {ref: "C"}, location: {ref: "L"}}) { id }`)
	id(`createControlGroup(input: {ref: "CG", type: "T", name: "x", retailerRefs: "1"}) { id }`)
	id(`createControl(input: {ref: "CT", type: "T", name: "x", controlGroup: {ref: "CG"}}) { id }`)
	w.data(`mutation { createSourcingProfile(input: {ref: "SP", retailer: {id: 1}}) { ref } }`, "")
	option := id(`createFulfilmentOption(input: {ref: "FO", type: "T", retailerId: 1}) { id }`)
	plan := id(`createFulfilmentPlan(input: {ref: "FP", type: "T", retailerId: 1, fulfilmentOptionId: {id: "` + option + `"}}) { id }`)
	choice := id(`createFulfilmentChoice(input: {deliveryType: "STANDARD", order: {id: ` + orders[0] + `}}) { id }`)
	id(`createCustomer(input: {username: "kim1@example.com", promotionOptIn: false, retailer: {id: 1}, ` + kim + `}) { id }`)
	id(returnOrder("R", 1) + ` { id }`)
	id(`createReturnFulfilment(input: {ref: "F", type: "T", destinationLocation: {ref: "L"}, ` + inReturn + `}) { id }`)
	return strings.NewReplacer("{choice}", choice, "{option}", option, "{plan}", plan, "{order}", orders[0], "{article}", parcel, "{carrier}", carrier,
		"{area}", id(`createStorageArea(input: {ref: "S", location: {id: `+place+`}}) { id }`),
		"{wave}", id(`createWave(input: {ref: "W", type: "T", retailer: {id: 1}, location: {id: `+place+`}, fulfilments: []}) { id }`),
		"{consignment}", id(`createConsignment(input: {ref: "G", consignmentReference: "x", retailer: {id: 1}, carrier: {id: `+carrier+`}, consignmentArticles: {article: {id: `+parcel+`}}}) { id }`),
		"{fulfilment}", fulfilments[0], "{network}", network,
		"{location}", place, "{address}", at(location, "primaryAddress.id").(string), "{schedule}", at(location, "openingSchedule.id").(string),
		"{customerAddress}", id(`createCustomerAddress(input: {ref: "CA0"}) { id }`), "{customer}", id(`createCustomer(input: {username: "k0", promotionOptIn: false, retailer: {id: 1}, `+kim+`}) { id }`),
		"{setting}", id(`createSetting(input: {name: "S", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id }`),
		"{comment}", id(`createComment(input: {entityType: "ORDER", entityId: "`+orders[0]+`", text: "c"}) { id }`),
		"{user}", id(`createUser(input: {ref: "u", username: "u", password: "p", type: "ADMIN", `+kim+`}) { id }`))
}

// TestEveryMutationAsksForItsOwnPermission has a caller for each mutation who may do everything but that, and one who may do nothing else.
func TestEveryMutationAsksForItsOwnPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var err error
	w.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: w.db, Workflows: versions{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), plain{})), Engine: w.nudges, Retailers: &numbers{db: w.db}})
	require.NoError(t, err)
	ids := w.everything()
	all := domain.Catalogue().Permissions()
	holding := func(permissions ...string) *tenant.Principal {
		return principal("ACME", "9", tenant.Grant{Role: "R", Permissions: permissions, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	}
	var tried []string
	for _, m := range mutationsAndPermissions {
		name, _, _ := strings.Cut(m.mutation, "(")
		tried = append(tried, name)
		text := "mutation { " + ids.Replace(m.mutation) + " }"
		but := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p == m.permission })
		require.Len(t, but, len(all)-1, m.permission)
		res := w.run(holding(but...), text, "")
		require.Equal(t, []string{"C0020E Permission missing: " + m.permission}, messages(res), m.mutation)
		require.Equal(t, `{"`+name+`":null}`, string(res.Data))
		require.Empty(t, messages(w.run(holding(m.permission), text, "")), m.mutation)
	}
	var known []string
	for _, f := range at(w.data(`{ __schema { mutationType { fields { name } } } }`, ""), "__schema.mutationType.fields").([]any) {
		known = append(known, fmt.Sprint(at(f, "name")))
	}
	require.ElementsMatch(t, known, tried, "each mutation is tried")
}
