package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/dataplane/sealing"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// shop is an account with what customers leave behind, made by every door.
type shop struct {
	t       testing.TB
	dsn     string
	db      *store.DB
	raw     *pgx.Conn
	exec    *graphql.Executor
	admin   *tenant.Principal
	service *privacy.Service
	log     *bytes.Buffer
	cuts    atomic.Int64 // every so many-th statement that keeps progress fails; 0: none does
	count   atomic.Int64
}

type quiet struct{}

func (quiet) Nudge(tenancy.AccountID, ...*workflow.Event)                     {}
func (quiet) Await(context.Context, tenancy.AccountID, *workflow.Event) error { return nil }
func (quiet) Create(context.Context, tenancy.AccountID, change.Creation) (bool, error) {
	return false, nil
}
func (quiet) Hash(_ context.Context, password string) (string, error) { return "hash of it", nil }
func (quiet) Current(_ context.Context, _ tenancy.AccountID, r tenancy.RetailerID, _ string, _ workflow.Root) (int, bool, error) {
	return 10003, r == 1, nil
}

// Get is the workflow of orders of type HD, which ends with COMPLETE, or that of returns of type SLOW, of which that is no end.
func (quiet) Get(_ context.Context, _ tenancy.AccountID, r tenancy.RetailerID, f workflow.Following) (*workflow.Workflow, string, error) {
	if r == 1 && f.Name == "RETURN_ORDER::SLOW" {
		return &workflow.Workflow{Statuses: []workflow.Status{
			{Name: "COMPLETE", EntityType: "RETURN_ORDER", Category: "BOOKING"}, {Name: "COMPLETE", EntityType: "RETURN_ORDER_ITEM", Category: "DONE"}, {Name: "CLOSED", EntityType: "RETURN_ORDER", Category: "DONE"},
		}}, "", nil
	}
	if r != 1 || f.Name != "ORDER::HD" {
		return nil, "", nil
	}
	return &workflow.Workflow{Statuses: []workflow.Status{{Name: "CREATED", EntityType: "ORDER", Category: "BOOKING"}, {Name: "COMPLETE", EntityType: "ORDER", Category: "DONE"}}}, "", nil
}

func (quiet) Names(tenancy.AccountID, tenancy.RetailerID) []string { return nil }

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, dsn: dbtest.Template(t, "privacy", storetest.MigrateOnTripwire), log: &bytes.Buffer{}}
	s.db = storetest.Open(t, s.dsn, store.Options{ReadConnections: 4, WriteConnections: 4, Hook: s.cut})
	raw, err := pgx.Connect(t.Context(), s.dsn)
	require.NoError(t, err)
	s.raw = raw
	t.Cleanup(func() { _ = raw.Close(context.Background()) })
	s.exec, err = graphql.New(graphql.Deps{
		Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: s.db, Workflows: quiet{}, Engine: quiet{},
		Checks: settings.Checks(domain.Catalogue()), Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), quiet{})), Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	require.NoError(t, err)
	s.admin = person(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	s.write(func(tx *store.Tx) {
		for i, ref := range []string{"MAIN", "SECOND"} {
			r := &foundation.Retailer{Ref: ref, Status: "ACTIVE"}
			r.ID = catalogue.ID(fmt.Sprint(i + 1))
			tx.Insert(r)
		}
	})
	s.restart()
	return s
}

func person(grants ...tenant.Grant) *tenant.Principal {
	return tenant.New(tenant.Identity{Account: "ACME", UserID: "1", Username: "clerk", RetailerID: 1}, grants...)
}

var errCut = errors.New("the node was killed")

func (s *shop) cut(_ context.Context, at store.Place) func() error {
	n := s.cuts.Load()
	if n == 0 || at.Point != store.Sending || at.Statement != "personal.step" || s.count.Add(1)%n != 0 {
		return nil
	}
	return func() error { return errCut }
}

// restart has another node take the place of the one that worked on operations.
func (s *shop) restart() {
	s.t.Helper()
	keys, err := sealing.Keys(s.t.Context(), s.db)
	require.NoError(s.t, err)
	s.service, err = privacy.New(privacy.Deps{
		Keys: keys,
		DB:   s.db, Accounts: func() []tenancy.AccountID { return []tenancy.AccountID{"ACME"} }, Mine: func() bool { return true },
		Settings: func(ctx context.Context, scope tenancy.Scope, list ...setting.Reading) (setting.Held, error) {
			return s.db.Reader(scope).Settings(ctx, setting.Place{}, list...)
		},
		Workflows: quiet{}, Settle: time.Nanosecond, Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	require.NoError(s.t, err)
}

func (s *shop) scope() tenancy.Scope { return storetest.ScopeOf(s.t, "ACME") }

func (s *shop) write(fn func(tx *store.Tx)) {
	s.t.Helper()
	require.NoError(s.t, s.db.Write(s.t.Context(), s.scope(), func(tx *store.Tx) error { fn(tx); return nil }))
}

// run runs GraphQL that must succeed, and reads a member of its data by a path.
func (s *shop) run(query, path string) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	require.NoError(s.t, err)
	req, err := document.Decode(body)
	require.NoError(s.t, err)
	res := s.exec.Execute(s.t.Context(), s.admin, req)
	for _, e := range res.Errors {
		s.t.Fatalf("%s %s: %s", e.Extensions.Field, e.Message, query)
	}
	var v any
	require.NoError(s.t, json.Unmarshal(res.Data, &v))
	for step := range strings.SplitSeq(path, ".") {
		object, _ := v.(map[string]any)
		v = object[step]
	}
	return fmt.Sprint(v)
}

// goods is what customers order, and a payment for the orders of all.
func (s *shop) goods() {
	s.t.Helper()
	s.run(`mutation { createProductCatalogue(input: {ref: "PC:MASTER:1", type: "MASTER", name: "All", retailerRefs: "MAIN"}) { id } }`, "")
	s.run(`mutation { createStandardProduct(input: {ref: "P1", type: "STANDARD", gtin: "1", name: "A thing", catalogue: {ref: "PC:MASTER:1"}, prices: {type: "RRP", currency: "AUD", value: 9.5},
		taxType: {country: "AU", group: "STANDARD", tariff: "GST"}}) { id } }`, "")
	s.run(`mutation { createPayment(input: {ref: "SHARED", type: "CARD", amount: {amount: 39}, retailer: {id: 1}}) { id } }`, "")
}

// customer is somebody whose every value begins with a word that stands nowhere else, and all that he leaves behind. It is looked for whatever its case, so
// it must be none that chance makes: the ids of operations are 26 random letters and digits (2 to 7), in which a word of three letters stands once in
// a thousand.
func (s *shop) customer(word string) (id string) {
	s.t.Helper()
	is := func(query string) string { return strings.ReplaceAll(query, "WORD", word) }
	address := `ref: "WORD-addr", companyName: "WORDco", name: "WORDfirst WORDlast", street: "12 WORD Street", city: "WORDcity", postcode: "WORD77", state: "WA", country: "AU", latitude: -31.9, longitude: 115.8`
	bare := `companyName: "WORDco", name: "WORDfirst", street: "12 WORD Street", city: "WORDcity", postcode: "WORD77", country: "AU", latitude: -31.9`
	id = s.run(is(`mutation { createCustomer(input: {username: "WORD.person@example.com", title: "WORDtitle", firstName: "WORDmaiden", lastName: "WORDlast", primaryEmail: "WORD.mail@example.com",
		primaryPhone: "+61 400 WORD", department: "WORDdept", country: "AU", timezone: "UTC", promotionOptIn: true, retailer: {id: 1},
		attributes: [{name: "loyalty", type: "STRING", value: "WORD-card-123456"}]}) { id } }`), "createCustomer.id")
	s.run(is(`mutation { updateCustomer(input: {username: "WORD.person@example.com", firstName: "WORDfirst"}) { id } }`), "updateCustomer.id")
	order := s.run(is(`mutation { createOrder(input: {ref: "O-`+id+`", type: "HD", retailer: {id: 1}, customer: {id: "`+id+`"}, payment: {ref: "SHARED"}, totalPrice: 19.5,
		billingAddress: {companyName: "WORDco", name: "WORDfirst", email: "WORD.bill@example.com", street: "12 WORD Street", street2: "WORDfloor", city: "WORDcity", postcode: "WORD77", state: "WA", country: "AU", latitude: -31.9},
		fulfilmentChoice: {deliveryType: "STANDARD", deliveryInstruction: "ring at WORDlast", deliveryContact: "WORDfirst", deliveryFirstName: "WORDfirst",
			deliveryAddress: {`+address+`}},
		attributes: [{name: "gift", type: "STRING", value: "for WORDfirst from WORDlast"}, {name: "weight", type: "INTEGER", value: 7}, {name: "firstName", type: "STRING", value: "WORDmaiden"}],
		items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2, paidPrice: 9.75}]}) { id } }`), "createOrder.id")
	s.run(is(`mutation { createComment(input: {entityType: "ORDER", entityId: "`+order+`", text: "WORDfirst called from +61 400 WORD"}) { id } }`), "createComment.id")
	s.run(is(`mutation { createBillingAccount(input: {ref: "BA-`+id+`", type: "CUSTOMER", name: "WORDfirst WORDlast", retailer: {id: 1}, customer: {ref: "WORD.person@example.com"}, address: {`+bare+`}}) { id } }`), "createBillingAccount.id")
	s.run(is(`mutation { createReturnOrder(input: {ref: "R-`+id+`", type: "DEFAULT", retailer: {id: 1}, customer: {ref: "WORD.person@example.com"}, pickupAddress: {`+bare+`},
		subTotalAmount: {amount: 5}, totalTax: {amount: 5}, totalAmount: {amount: 12.5}, defaultTaxType: {country: "AU", group: "STANDARD", tariff: "GST"}, currency: {alphabeticCode: "AUD"},
		returnVerifications: {ref: "V1", type: "RECEIPT", verificationDetails: "WORDlast showed it"},
		returnOrderItems: [{ref: "1", type: "ITEM", product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}, unitAmount: {amount: 5}, itemAmount: {amount: 5}, itemTaxAmount: {amount: 5}, unitQuantity: {quantity: 2},
			returnReasonComment: "WORDfirst did not like it", returnConditionComment: "WORDworn"}]}) { id } }`), "createReturnOrder.id")
	s.run(is(`mutation { createFulfilmentOption(input: {ref: "FO-`+id+`", type: "HD", retailerId: 1, address: {name: "WORDfirst", addressLine1: "12 WORD Street", city: "WORDcity"}, products: []}) { id } }`), "createFulfilmentOption.id")
	s.run(is(`mutation { createSetting(input: {name: "greeting", valueType: "STRING", value: "Hello WORDfirst", context: "CUSTOMER", contextId: `+id+`}) { id } }`), "createSetting.id")
	s.leave(is, id, order)
	return id
}

// leave writes what engine, events, webhooks and batches keep of an order of a customer.
func (s *shop) leave(is func(string) string, id, order string) {
	s.t.Helper()
	now := time.Now().UTC()
	batch := &jobs.Batch{RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Header: json.RawMessage(is(`{"meta":"sent by WORD.mail@example.com"}`))}
	var err error
	batch.JobID, err = jobs.NewID(s.t.Context(), s.db, s.scope())
	require.NoError(s.t, err)
	batch.ID, err = jobs.NewBatchID(s.t.Context(), s.db, s.scope())
	require.NoError(s.t, err)
	uuid := func() string { return string(s.db.NewUUID()) }
	s.write(func(tx *store.Tx) {
		attributes := map[string]any{"note": is("WORDfirst says hello"), "customer": map[string]any{"lastName": is("WORDlast")}, "firstName": is("WORDmaiden"), "count": 3}
		for _, e := range []*workflow.Event{
			{Name: "Told", EntityType: "ORDER", EntityID: order, EntityRef: "O-" + id, RootType: "ORDER", RootID: order, RootRef: "O-" + id, Attributes: attributes},
			{Name: "Told", EntityType: "CUSTOMER", EntityID: id, EntityRef: is("WORD.person@example.com"), RootType: "CUSTOMER", RootID: id, RootRef: is("WORD.person@example.com"), Attributes: map[string]any{"x": 1}},
			{Name: "Elsewhere", EntityType: "PRODUCT", EntityID: "1", RootType: "PRODUCT", RootID: "1", Attributes: map[string]any{"by": is("mail of WORD.MAIL@example.com")}},
		} {
			e.ID, e.Type, e.RetailerID, e.GeneratedOn, e.Priority = uuid(), "NORMAL", 1, now, workflow.Batch
			events.Append(tx, e)
			outbox.Add(tx, outbox.Delivery{ID: uuid(), Name: "hook", Endpoint: "https://hooks.example.com/x", Event: *e})
		}
		jobs.Add(tx, &jobs.Job{ID: batch.JobID, RetailerID: 1, Name: "load", Meta: json.RawMessage(is(`{"owner":"WORD.mail@example.com"}`)), ClosesOn: now.Add(time.Hour)})
	})
	require.NoError(s.t, s.db.Write(s.t.Context(), s.scope(), func(tx *store.Tx) error {
		return jobs.AddBatch(s.t.Context(), tx, batch, []json.RawMessage{json.RawMessage(is(`{"skuRef":"P1","attributes":{"who":"+61 400 WORD"}}`)), json.RawMessage(`{"skuRef":"P2"}`)})
	}))
	for _, trail := range []*history.Trail{
		{RootType: "ORDER", RootID: order, RootRef: "O-" + id, Events: []*history.Event{{
			Name: "Told", Type: "NORMAL", EntityType: "ORDER", EntityID: order, EntityRef: "O-" + id, State: "SUCCESS", GeneratedOn: now,
			Snapshot: json.RawMessage(is(`{"ref":"O-1","totalPrice":19.5,"customer":{"firstName":"WORDmaiden"},"attributes":[{"name":"lastName","type":"STRING","value":"WORDlast"}]}`)),
			Rulesets: []*history.Ruleset{{Name: "Told", Rules: []*history.Rule{{
				Name: "core.Log", Props: map[string]json.RawMessage{"to": json.RawMessage(is(`"WORD.mail@example.com"`))},
				Actions: []history.Action{{Kind: history.Logging, Target: is("told WORDfirst"), Detail: map[string]any{"phone": is("+61 400 WORD")}}}, Failure: &history.Failure{Message: is("WORDlast is not at home")},
			}}}},
		}}},
		{RootType: "PRODUCT", RootID: "1", Events: []*history.Event{{Name: "Elsewhere", EntityType: "CUSTOMER", EntityRef: is("WORD.person@example.com"), State: "SUCCESS", Attributes: catalogue.Values{"by": is("WORD.mail@example.com")}}}},
	} {
		trail.TurnID, trail.RetailerID, trail.At = history.ItemID(uuid(), 0), 1, now
		row, err := history.Encode(trail)
		require.NoError(s.t, err)
		s.write(func(tx *store.Tx) { trails.Add(tx, row) })
	}
	_, err = s.raw.Exec(s.t.Context(), `INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from) VALUES ('ACME', $1, '192.0.2.1', 1, now(), 1, now(), '')`,
		is("user WORD.person@example.com"))
	require.NoError(s.t, err)
}

// everything is all rows of the account in all tables, as texts, with what is compressed unpacked.
func (s *shop) everything() map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	for _, table := range s.texts(`SELECT c.table_name::text FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.column_name = 'account_id' ORDER BY 1`) {
		out[table] = s.texts(`SELECT t::text FROM ` + table + ` t WHERE account_id = 'ACME' ORDER BY 1`)
	}
	list, err := trails.After(s.t.Context(), s.db.Reader(s.scope()), "", 1000)
	require.NoError(s.t, err)
	for i := range list {
		trail, err := history.Decode(&list[i])
		require.NoError(s.t, err)
		raw, err := json.Marshal(trail)
		require.NoError(s.t, err)
		out["trails unpacked"] = append(out["trails unpacked"], string(raw))
	}
	return out
}

func (s *shop) texts(sql string, args ...any) []string {
	s.t.Helper()
	rows, err := s.raw.Query(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	return out
}

// names lists where a word stands, whatever its case.
func (s *shop) names(word string) (out []string) {
	s.t.Helper()
	for table, rows := range s.everything() {
		for _, row := range rows {
			if strings.Contains(strings.ToLower(row), strings.ToLower(word)) {
				out = append(out, table+": "+row)
			}
		}
	}
	return out
}
