package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// counter is the API over GraphQL, and what the engine was told.
type counter struct {
	t      *testing.T
	db     *store.DB
	who    *tenant.Principal
	events []*workflow.Event
	api    *API
}

// Nudge, Await and Create stand for the engine: events wait.
func (k *counter) Nudge(_ tenancy.AccountID, events ...*workflow.Event) {
	k.events = append(k.events, events...)
}

func (k *counter) Await(context.Context, tenancy.AccountID, *workflow.Event) error { return nil }

func (k *counter) Create(context.Context, tenancy.AccountID, change.Creation) (bool, error) {
	return false, nil
}

// Current knows one version of every workflow.
func (*counter) Current(context.Context, tenancy.AccountID, tenancy.RetailerID, string, workflow.Root) (int, bool, error) {
	return 10000, true, nil
}

func (*counter) Names(tenancy.AccountID, tenancy.RetailerID) []string { return nil }

// Hash stands for the hasher.
func (*counter) Hash(_ context.Context, password string) (string, error) { return password, nil }

// Authenticate knows everybody as one.
func (k *counter) Authenticate(context.Context, string, string) (*tenant.Principal, error) {
	return k.who, nil
}

// known lets a counter stand for the identity of callers.
type identityOf struct {
	Identity
	*counter
}

func (i identityOf) Authenticate(ctx context.Context, raw, account string) (*tenant.Principal, error) {
	return i.counter.Authenticate(ctx, raw, account)
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	k := &counter{t: t, db: storetest.Open(t, dbtest.Template(t, "older", storetest.MigrateOnTripwire), store.Options{})}
	k.who = tenant.New(tenant.Identity{Account: "ACME", UserID: "1", Username: "ann"}, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	executor, err := graphql.New(graphql.Deps{Catalogue: k.db.Catalogue(), Operations: modules.Operations(), DB: k.db, Workflows: k, Engine: k,
		Checks: settings.Checks(k.db.Catalogue()), Guards: modules.Guards(k.db.Catalogue(), rights.Guards(k.db.Catalogue(), k)), Logger: log})
	require.NoError(t, err)
	k.api = New(Deps{Identity: identityOf{counter: k}, Store: k.db, GraphQL: executor, Log: log, Release: "1.4", Library: []rule.Rule{{Plugin: "order"}}}, executor.Handler())
	require.NoError(t, k.db.Write(t.Context(), storetest.ScopeOf(t, "ACME"), func(tx *store.Tx) error {
		for _, id := range []catalogue.ID{"1", "2"} {
			r := &foundation.Retailer{Ref: "R" + string(id), Status: "ACTIVE"}
			r.ID = id
			tx.Insert(r)
		}
		c := &foundation.Customer{Ref: "wen", Username: "wen", FirstName: "Wen", PrimaryEmail: "wen@example.com", RetailerID: "1", Timezone: "UTC"}
		c.ID = "9"
		tx.Insert(c)
		return nil
	}))
	return k
}

// ask sends a request and decodes its answer.
func (k *counter) ask(status int, route, body string) map[string]any {
	k.t.Helper()
	method, target, _ := strings.Cut(route, " ")
	r := httptest.NewRequestWithContext(k.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	k.api.ServeHTTP(w, r)
	require.Equal(k.t, status, w.Code, "%s: %s", route, w.Body)
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	require.NoError(k.t, d.Decode(&out), w.Body.String())
	return out
}

// places are where an answer says that something is wrong.
func places(answer map[string]any) (out []string) {
	for _, e := range answer["errors"].([]any) {
		item := e.(map[string]any)
		out = append(out, fmt.Sprint(item["code"], " ", item["field"]))
	}
	return out
}

const product = `mutation { c: createProductCatalogue(input: {ref: "PC:1", type: "MASTER", name: "All", retailerRefs: ["R1"]}) { id }
	p: createStandardProduct(input: {ref: "P", type: "STANDARD", name: "Pen", gtin: "1", catalogue: {ref: "PC:1"}}) { id } }`

// TestOrdersOfTheOlderInterface are made, found, read and changed as by GraphQL: with its rights, refusals and events. Members that inputs do not know
// are ignored.
func TestOrdersOfTheOlderInterface(t *testing.T) {
	t.Parallel()
	k := newCounter(t)
	text, err := json.Marshal(map[string]string{"query": product})
	require.NoError(t, err)
	require.Nil(t, k.ask(200, "POST /graphql", string(text))["errors"])
	k.events = nil
	const items = `"items":[{"ref":"1","skuRef":"P","requestedQuantity":3,"skuPrice":2.5,"color":"red","productCatalogueRef":"PC:1"}]`
	made := k.ask(200, "POST /api/v4.1/order", `{"ref":"O-1","type":"HD","retailerId":1,"customerId":"9","whatever":{"a":1},`+items+`}`)
	require.Equal(t, []any{"O-1", "HD", "CREATED"}, []any{made["ref"], made["type"], made["status"]})
	require.Len(t, k.events, 1)
	require.Equal(t, []any{"CREATE", "ORDER", made["id"]}, []any{k.events[0].Name, k.events[0].EntityType, k.events[0].EntityID})
	again := k.ask(409, "POST /api/v4.1/order", `{"ref":"O-1","type":"HD","retailerId":1,"customerId":"9",`+items+`}`)
	require.Equal(t, []string{"C0121E ref"}, places(again))
	require.Equal(t, made["id"], again["errors"].([]any)[0].(map[string]any)["existing"].(map[string]any)["id"], "who repeats after a lost answer can tell")
	second := k.ask(200, "POST /retailer/2/api/v4.1/order", `{"ref":"O-2","type":"CC","customer":{"username":"kim","firstName":"Kim","primaryEmail":"k@example.com","timezone":"UTC","promotionOptIn":false},`+items+`}`)
	require.NotEmpty(t, second["customer"].(map[string]any)["id"])
	wrong := k.ask(400, "POST /api/v4.1/order", `{"ref":"O-3","type":"HD","retailerId":1,"customerId":"9","items":[{"ref":"1","skuRef":"P","requestedQuantity":"three"}]}`)
	require.Equal(t, []string{"C0160E items[0].quantity"}, places(wrong))
	require.Equal(t, "want a value of type Int, got a string", wrong["message"], "what GraphQL calls the body is not said")
	require.Equal(t, []string{"C0140E items"}, places(k.ask(400, "POST /api/v4.1/order", `{"ref":"O-3","type":"HD","retailerId":1,"customerId":"9"}`)))
	for body, place := range map[string]string{
		`"customerId":"8","customer":{"id":"9"},` + items:                        "customerId",
		`"customerId":"9","retailer":{"id":"2"},` + items:                        "retailerId",
		`"customerId":"9",` + strings.Replace(items, `"color"`, `"quantity"`, 1): "items[0].requestedQuantity",
	} {
		body = strings.Replace(body, `"red"`, "4", 1)
		require.Equal(t, []string{"C0160E " + place}, places(k.ask(400, "POST /api/v4.1/order", `{"ref":"O-3","type":"HD","retailerId":1,`+body+`}`)), "two members that mean the same")
	}
	k.ask(400, "POST /api/v4.1/order", `[1]`)

	path := "/api/v4.1/order/" + made["id"].(string)
	whole := k.ask(200, "GET "+path, "")
	line := whole["items"].([]any)[0].(map[string]any)
	require.Equal(t, []any{3.0, 2.5, "P"}, []any{line["quantity"], line["price"], line["product"].(map[string]any)["ref"]})
	require.Equal(t, "wen@example.com", whole["customer"].(map[string]any)["primaryEmail"])
	require.Equal(t, []string{"C0120E <nil>"}, places(k.ask(404, "GET /api/v4.1/order/777", "")))
	k.ask(200, "PUT "+path, `{"status":"BOOKED","attributes":[{"name":"a","type":"STRING","value":"b"}]}`)
	changed := k.ask(200, "GET "+path, "")
	require.Equal(t, []any{"BOOKED", "b"}, []any{changed["status"], changed["attributes"].([]any)[0].(map[string]any)["value"]})
	paid := k.ask(200, "POST "+path+"/transaction", `{"ref":"T-1","type":"PAYMENT","amount":7.5,"currency":"AUD","paymentMethod":"CASH"}`)
	require.Equal(t, "T-1", paid["ref"])
	require.Equal(t, "T-1", k.ask(200, "GET "+path, "")["financialTransactions"].([]any)[0].(map[string]any)["ref"])
	require.Equal(t, []any{}, k.ask(200, "GET "+path+"/fulfilment", "")["results"])
	require.Equal(t, "There is nothing with the id that the path names: 777", k.ask(404, "GET /api/v4.1/order/777/fulfilment", "")["message"])
	require.Equal(t, []string{"C0160E id"}, places(k.ask(400, "PUT "+path, `{"id":"777","status":"BOOKED"}`)))
	inTwo := k.ask(200, "GET /retailer/2/api/v4.1/order", "")["results"].([]any)
	require.Len(t, inTwo, 1, "the path says whose orders")
	require.Equal(t, "O-2", inTwo[0].(map[string]any)["ref"])
	for query, want := range map[string][]string{"": {"O-1", "O-2"}, "?ref=O-2": {"O-2"}, "?status=BOOKED,NONE": {"O-1"}, "?retailerId=2": {"O-2"}, "?retailerId=3": {}, "?start=1&count=5": {"O-2"}, "?count=1": {"O-1"}} {
		page := k.ask(200, "GET /api/v4.1/order"+query, "")
		refs := []string{}
		for _, o := range page["results"].([]any) {
			refs = append(refs, o.(map[string]any)["ref"].(string))
		}
		require.Equal(t, want, refs, query)
		require.Equal(t, []any{float64(len(want)), query == "?count=1"}, []any{page["count"], page["hasMore"]})
	}
	require.Equal(t, []string{"C0160E start", "C0160E count"}, places(k.ask(400, "GET /api/v4.1/order?start=-1&count=x", "")))
	require.Equal(t, []string{"C0160E context.rootEntityType"}, places(k.ask(400, "GET /api/v4.1/event?context.rootEntityType=ODRER&context.entityType=fulfilmentoptions", "")))
	require.Equal(t, []string{"C0160E rulesets[0].type", "C0160E statuses[0].entityType", "C0160E entitySubtype"}, places(k.ask(400, "PUT /api/v4.1/workflow",
		`{"retailerId":"1","entityType":"ORDER","entitySubtype":" HD","rulesets":[{"name":"GO","type":"ODRER","triggers":[],"rules":[]}],"statuses":[{"name":"A","entityType":"FULFILLMENT","category":"BOOKING"}]}`)))

	k.who = tenant.New(tenant.Identity{Account: "ACME", UserID: "2", Username: "bob"}, at(2, "ORDER_VIEW", "ORDER_CREATE", "ORDER_UPDATE", "RETAILER_VIEW", "CUSTOMER_VIEW", "FULFILMENTCHOICE_VIEW"))
	require.Len(t, k.ask(200, "GET /api/v4.1/order", "")["results"], 1, "what his role sees")
	k.ask(404, "GET "+path, "")
	require.Equal(t, []string{"C0120E retailer"}, places(k.ask(404, "POST /api/v4.1/order", `{"ref":"O-4","type":"HD","retailerId":1,"customerId":"9",`+items+`}`)))
}

// TestPlacesPromisesAndReturnsOfTheOlderInterface: locations by all that the interface names, options with their plans, returns.
func TestPlacesPromisesAndReturnsOfTheOlderInterface(t *testing.T) {
	t.Parallel()
	k := newCounter(t)
	hours := []string{`"allHours":true`}
	for _, day := range strings.Fields("mon tue wed thu fri sat sun") {
		hours = append(hours, `"`+day+`Start":0,"`+day+`End":0`)
	}
	for i, place := range []string{"SYD", "MEL"} {
		k.ask(200, "POST /api/v4.1/location", fmt.Sprintf(`{"ref":"%s","type":"STORE","name":"Shop %d","retailerId":"%d","openingSchedule":{%s},"primaryAddress":{"ref":"%[1]s","country":"AU","latitude":-%[5]d,"longitude":150,"timeZone":"Australia/Sydney"}}`,
			place, i, i+1, strings.Join(hours, ","), 33+i))
	}

	for query, want := range map[string][]string{"": {"SYD", "MEL"}, "?retailerId=2": {"MEL"}, "?query=shop+0": {"SYD"}, "?query=syd": {"SYD"}, "?agentStatuses=INACTIVE": {}, "?agentStatuses=ACTIVE": {"SYD", "MEL"},
		"?agentNetwork=NET": {}, "?agentNetworkTypes=BASE": {}, "?maxLatitude=-33.5": {"MEL"}, "?minLatitude=-33&maxLongitude=150": {"SYD"}, "?minLongitude=151": {}} {
		refs := []string{}
		for _, o := range k.ask(200, "GET /api/v4.1/location"+query, "")["results"].([]any) {
			refs = append(refs, o.(map[string]any)["ref"].(string))
		}
		require.ElementsMatch(t, want, refs, query)
	}
	require.Equal(t, []string{"C0160E minLatitude", "C0160E maxLongitude"}, places(k.ask(400, "GET /api/v4.1/location?minLatitude=x&maxLongitude=181", "")))
	found := k.ask(200, "GET /api/v4.1/location?query=syd", "")["results"].([]any)[0].(map[string]any)
	k.ask(200, "PUT /api/v4.1/location", `{"id":"`+found["id"].(string)+`","name":"Sydney"}`)
	require.Equal(t, "Sydney", k.ask(200, "GET /api/v4.1/location?query=sydney", "")["results"].([]any)[0].(map[string]any)["name"])

	option := k.ask(200, "POST /api/v4.1/fulfilmentOptions", `{"retailerId":"1","orderType":"HD","locationRef":"SYD","limit":2,"items":[{"skuRef":"P","requestedQuantity":2}]}`)
	require.Equal(t, []any{1.0, "HD", "HD", "SYD"}, []any{option["retailerId"], option["type"], option["orderType"], option["locationRef"]})
	require.Equal(t, []any{map[string]any{"productRef": "P", "catalogueRef": nil, "requestedQuantity": 2.0}}, option["products"])
	require.Equal(t, []any{}, option["plans"], "nobody made any")
	require.Equal(t, []string{"C0160E limit"}, places(k.ask(400, "POST /api/v4.1/fulfilmentOptions", `{"retailerId":"1","orderType":"HD","limit":0}`)))

	amount := `{"amount":1}`
	returned := k.ask(200, "POST /api/v4.1/return", `{"ref":"RO-1","type":"DEFAULT","retailerId":1,"customer":{"ref":"wen"},"currency":{"alphabeticCode":"AUD"},"subTotalAmount":`+amount+`,"totalTax":`+amount+`,"totalAmount":`+amount+`,
		"defaultTaxType":{"country":"AU","group":"STANDARD","tariff":"1"},"returnOrderItems":[]}`)
	require.Equal(t, []any{"RO-1", "CREATED"}, []any{returned["ref"], returned["status"]})
}

// TestBundlesOfRules: those that come with the platform are active in its version, for the account that asks; none is taken, and nothing of it read.
func TestBundlesOfRules(t *testing.T) {
	t.Parallel()
	k := newCounter(t)
	for name, status := range map[string]int{"FLUENTRETAIL.order::1.4": 200, "ACME.order::1.4": 200, "ACME.order": 200, "ACME.order::1.3": 404, "ACME.mine::1.4": 404, "OTHER.order::1.4": 404, "order": 404} {
		got := k.ask(status, "GET /orchestration/rest/v1/plugin/"+name+"/status", "")
		if status == 200 {
			require.Equal(t, map[string]any{"bundleVersion": "1.4", "bundleStatus": "ACTIVE"}, got)
		}
	}
	for _, route := range []string{"upload", "install"} {
		body := &unread{}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orchestration/rest/v1/plugin/"+route, body)
		r.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		k.api.ServeHTTP(w, r)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, w.Body.String(), `"kinds":"none"`)
		require.False(t, body.asked)
	}
	for _, path := range healthPaths {
		w := httptest.NewRecorder()
		k.api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, "without a token")
		require.JSONEq(t, `{"status":"UP"}`, w.Body.String())
	}
}
