package graphql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/tenancy"
)

// What the catalogue can declare and the platform's own types do not use yet: types of a claims desk do, answered by the real interface from a
// real database.

// Claim is what a customer claims.
type Claim struct {
	catalogue.Node
	Ref        string       `oms:"!,update=-,max=20"`
	Severity   string       `oms:"!,enum=Severity"`
	Outcome    string       `oms:"enum=Outcome"`
	Signs      []Sign       `oms:"merge=name"`
	RetailerID catalogue.ID `oms:"!,ref=Retailer,by=RetailerId,update=-"`

	Worth    *foundation.AmountType    `oms:""`
	Lost     *foundation.QuantityType  `oms:""`
	Site     *foundation.StreetAddress `oms:"pii"`
	Currency string                    `oms:"wrap=CurrencyLink,names=Currency,create=CurrencyKey,update=CurrencyKey"`

	OrderRef            string                  `oms:"hidden"`
	OrderRetailerID     catalogue.ID            `oms:"hidden,ref=Retailer"`
	Order               catalogue.CompositeLink `oms:"of=OrderLink,on=ref:orderRef+retailer.id:orderRetailer,by=OrderLinkInput" doc:"The order, by its ref."`
	ProductRef          string                  `oms:"hidden,max=9"`
	ProductCatalogueRef string                  `oms:"hidden"`
	Product             catalogue.CompositeLink `oms:"nosearch,of=ProductLink,on=ref:productRef+catalogue.ref:productCatalogueRef,by=ProductLinkInput,update=-"`
	InsteadRef          string                  `oms:"hidden"`
	InsteadCatalogueRef string                  `oms:"hidden"`
	Instead             catalogue.CompositeLink `oms:"nosearch,of=ProductLink,on=ref:insteadRef+catalogue.ref:insteadCatalogueRef,by=ProductKey"`
	BuyerRef            string                  `oms:"buyer,wrap=CustomerLink,create=CustomerKey,update=CustomerKey"`
	Worst               *Sign                   `oms:""`

	Steps     catalogue.Many `oms:"of=Step,via=claim,plain,create=[CreateStepWithClaimInput]"`
	Photos    catalogue.Many `oms:"of=Photo,via=claim,nosearch,create=[CreatePhotoWithClaimInput]"`
	Witnesses catalogue.Many `oms:"of=Witness,via=claim,create=[CreateWitnessWithClaimInput],update=[UpdateWitnessWithClaimInput]"`
}

// Witness is known by a ref that is unique in his claim.
type Witness struct {
	catalogue.Node
	Ref     string       `oms:"!,max=20"`
	Says    string       `oms:""`
	First   Sign         `oms:"create=!"`
	ClaimID catalogue.ID `oms:"in=about,!,ref=Claim,by=ClaimKey"`
}

// Payout is what a workflow drives that the API shows as an object.
type Payout struct {
	catalogue.Node
	Ref    string `oms:"!,update=-"`
	Type   string `oms:"type"`
	Status string `oms:"create=-,default=CREATED"`
	catalogue.WorkflowLinked
	RetailerID catalogue.ID `oms:"ref=Retailer,by=RetailerId,wrap=RetailerLink,create=!,update=-"`
}

// Receipt shows its workflow in the oldest way: the version as a text.
type Receipt struct {
	catalogue.Node
	Type            string       `oms:"!"`
	Status          string       `oms:"create=-,default=CREATED"`
	WorkflowRef     string       `oms:"create=-,update=-"`
	WorkflowVersion int          `oms:"out=String,none=0,create=-,update=-"`
	RetailerID      catalogue.ID `oms:"!,ref=Retailer,by=RetailerId,update=-"`
}

// Step is what was done about a claim. It is listed whole.
type Step struct {
	catalogue.Node
	Text    string       `oms:"!"`
	ClaimID catalogue.ID `oms:"!,ref=Claim"`
}

// Photo is found through its claim only, and shows no id.
type Photo struct {
	catalogue.Bare
	Name    string       `oms:"!"`
	ClaimID catalogue.ID `oms:"!,ref=Claim"`
}

// Sign is a value object with an enumeration and bounds.
type Sign struct {
	Name   string `json:"name" oms:"!,max=5"`
	Weight int    `json:"weight" oms:"!,least=1,most=9"`
	How    string `json:"how" oms:"enum=Outcome"`
}

func claims() catalogue.Spec {
	return catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{Go: Claim{}, Implements: "Node", KeyInputs: "Key", Key: "ref", Retailer: "retailer", Gets: []string{"claim(ref: String!)", "claimById(id: ID!)"}, Create: true, Update: "id"},
			{Go: Step{}, Implements: "Node", Retailer: "claim"},
			{Go: Photo{}, NoSearch: true, Retailer: "claim"},
			{Go: Witness{}, Plural: "witnesses", Implements: "Node", Key: "ref claim", Retailer: "claim", Gets: []string{"witness(ref: String!, about: ClaimKey!)"}},
			{Go: Payout{}, Event: "PAYOUT", Implements: "Node", KeyInputs: "Key", Key: "ref retailer", Retailer: "retailer", Create: true, Update: "id"},
			{Go: Receipt{}, Event: "RECEIPT", Implements: "Node", Retailer: "retailer", Create: true},
		},
		Inputs: []catalogue.InputSpec{
			{Name: "CreateWitnessWithClaimInput", Of: "Witness", Base: catalogue.Create, Without: "about"},
			{Name: "UpdateWitnessWithClaimInput", Of: "Witness", Base: catalogue.Update, Finds: "ref", Without: "about"},
			{Name: "CreateStepWithClaimInput", Of: "Step", Base: catalogue.Create, Without: "claim"},
			{Name: "CreatePhotoWithClaimInput", Of: "Photo", Base: catalogue.Create, Without: "claim"},
		},
		Values: []catalogue.ValueSpec{{Go: Sign{}, Input: "SignInput", MergeBy: "name"}},
		Enums:  []catalogue.EnumSpec{{Name: "Severity", Values: "MINOR MAJOR", Doc: "How bad it is."}, {Name: "Outcome", Values: "PAID REFUSED"}},
	}
}

var claimsCatalogue = sync.OnceValues(func() (*catalogue.Catalogue, error) {
	return catalogue.New(append(domain.Specs(), claims())...)
})

// newDesk is a world with the types of the claims desk.
func newDesk(t testing.TB) *world {
	t.Helper()
	return newDeskWith(t, store.Options{})
}

func newDeskWith(t testing.TB, options store.Options) *world {
	t.Helper()
	c, err := claimsCatalogue()
	require.NoError(t, err)
	options.Catalogue = c
	return newWorldOf(t, options, "claims", func(dsn string) error {
		if err := storetest.Migrate(dsn); err != nil {
			return err
		}
		if err := addTables(dsn, c); err != nil {
			return err
		}
		return tripwire.Set(context.Background(), dsn)
	})
}

// addTables gives a database the tables of a catalogue that the platform's migrations do not make, behind the fence like the others.
func addTables(dsn string, c *catalogue.Catalogue) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range ddl.Of(c).Statements() {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, dsn, store.Options{Catalogue: c})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx, nil)
}

const createClaim = `mutation($input: CreateClaimInput) { createClaim(input: $input) { id ref severity outcome signs { name weight how } } }`

func TestEnumerations(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	shown := w.raw(`{ __type(name: "Severity") { kind description enumValues { name } } }`, "")
	require.JSONEq(t, `{"__type":{"kind":"ENUM","description":"How bad it is.","enumValues":[{"name":"MINOR"},{"name":"MAJOR"}]}}`, shown)

	made := w.raw(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[{"name":"dent","weight":9,"how":"PAID"},{"name":"dust","weight":1}]}}`)
	require.Contains(t, made, `"ref":"C-1","severity":"MINOR","outcome":null,"signs":[{"name":"dent","weight":9,"how":"PAID"},{"name":"dust","weight":1,"how":null}]`)
	made = w.raw(`mutation { createClaim(input: {ref: "C-2", severity: MAJOR, outcome: REFUSED, retailer: {id: 1}}) { severity outcome } }`, "")
	require.JSONEq(t, `{"createClaim":{"severity":"MAJOR","outcome":"REFUSED"}}`, made)

	find := `query($s: [Severity!], $o: [Outcome]) { claims(severity: $s, outcome: $o) { edges { node { ref } } } }`
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(find, `{"s":"MAJOR"}`))
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-1"}}]}}`, w.raw(find, `{"o":[null]}`))
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"C-2"}}]}}`, w.raw(`{ claims(outcome: REFUSED) { edges { node { ref } } } }`, ""))

	for _, wrong := range []struct{ query, variables, message string }{
		{createClaim, `{"input":{"ref":"C-3","severity":"minor","retailer":{"id":1}}}`, "$input.severity: minor is not a value of Severity"},
		{createClaim, `{"input":{"ref":"C-3","severity":7,"retailer":{"id":1}}}`, "$input.severity: 7 is not a value of Severity"},
		{createClaim, `{"input":{"ref":"C-3","severity":"MINOR","retailer":{"id":1},"signs":{"name":"n","weight":1,"how":"?"}}}`, "$input.signs.how: ? is not a value of Outcome"},
		{find, `{"s":["MAJOR","?"]}`, "$s[1]: ? is not a value of Severity"},
		{`{ claims(severity: "MAJOR") { edges { node { ref } } } }`, "", `Value "MAJOR" does not exist in "Severity" enum.`},
		{`{ claims(severity: NONE) { edges { node { ref } } } }`, "", `Value NONE does not exist in "Severity" enum.`},
	} {
		require.Contains(t, w.failure(wrong.query, wrong.variables).Message, wrong.message)
	}
}

// A value that came by another way, and that the schema does not promise, is an error and not an answer.
func TestAStoredValueBeyondTheEnumerationIsAnError(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	require.NoError(t, w.db.Write(t.Context(), scope, func(tx *store.Tx) error {
		for i, c := range []*Claim{
			{Ref: "C-1", Severity: "MINOR", Outcome: "LOST"}, {Ref: "C-2", Severity: "LOST"},
			{Ref: "C-3", Severity: "MINOR", Signs: []Sign{{Name: "dent", Weight: 1, How: "LOST"}}},
		} {
			c.ID, c.RetailerID = catalogue.ID([]string{"1", "2", "3"}[i]), "1"
			tx.Insert(c)
		}
		return nil
	}))
	res := w.run(w.admin, `{ a: claim(ref: "C-1") { ref outcome } b: claim(ref: "C-2") { ref severity } c: claim(ref: "C-3") { ref signs { name how } } }`, "")
	require.JSONEq(t, `{"a":{"ref":"C-1","outcome":null},"b":null,"c":{"ref":"C-3","signs":[{"name":"dent","how":null}]}}`, string(res.Data))
	require.Len(t, res.Errors, 3)
	require.Equal(t, []any{"a", "outcome"}, res.Errors[0].Path)
	require.Equal(t, []any{"b", "severity"}, res.Errors[1].Path)
	require.Equal(t, []any{"c", "signs", 0, "how"}, res.Errors[2].Path)
}

// Members of value objects have lengths and bounds of their own.
func TestMembersOfValuesHaveLimits(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	for sign, want := range map[string][2]string{
		`{"name":"größer","weight":1}`: {"C0141E", "input.signs[0].name"},
		`{"name":"große","weight":0}`:  {"C0122E", "input.signs[0].weight"},
		`{"name":"große","weight":10}`: {"C0122E", "input.signs[0].weight"},
	} {
		e := w.failure(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[`+sign+`]}}`)
		require.Equal(t, want, [2]string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", sign, e.Message)
	}
	w.data(createClaim, `{"input":{"ref":"C-1","severity":"MINOR","retailer":{"id":1},"signs":[{"name":"große","weight":9}]}}`)
}

// claimWith makes a claim with so many steps and photos and returns its id.
func (w *world) claimWith(ref string, n int) string {
	w.t.Helper()
	var steps, photos []string
	for i := range n {
		steps = append(steps, fmt.Sprintf(`{"text":"%s-%d"}`, ref, i))
		photos = append(photos, fmt.Sprintf(`{"name":"%s-%d"}`, ref, i))
	}
	made := w.data(createClaim, fmt.Sprintf(`{"input":{"ref":%q,"severity":"MINOR","retailer":{"id":1},"steps":[%s],"photos":[%s]}}`,
		ref, strings.Join(steps, ","), strings.Join(photos, ",")))
	id, _ := at(made, "createClaim.id").(string)
	return id
}

// A plain list has all, in one statement for all parents, and takes no arguments.
func TestPlainLists(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	w.claimWith("A", 12)
	id := w.claimWith("B", 1)
	w.claimWith("C", 0)
	shown := w.raw(`{ __type(name: "Claim") { fields { name args { name } type { kind name ofType { name } } } } }`, "")
	require.Contains(t, shown, `{"name":"steps","args":[],"type":{"kind":"LIST","name":null,"ofType":{"name":"Step"}}}`)

	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, `{ claims { edges { node { ref steps { text claim { ref } } } } } }`, "")
	require.Empty(t, messages(res))
	require.Len(t, trace.Statements(), 3, "claims, steps, their claims: %v", trace.Statements())
	var data map[string]any
	require.NoError(t, json.Unmarshal(res.Data, &data))
	for i, want := range []int{12, 1, 0} {
		require.Len(t, at(data, fmt.Sprintf("claims.edges.%d.node.steps", i)), want)
	}
	require.Equal(t, map[string]any{"text": "B-0", "claim": map[string]any{"ref": "B"}}, at(data, "claims.edges.1.node.steps.0"))

	trace = &store.Trace{}
	res = w.runIn(store.WithTrace(t.Context(), trace), w.admin, `query($id: ID!) { claimById(id: $id) { ref steps { text } } }`, fmt.Sprintf(`{"id":%q}`, id))
	require.JSONEq(t, `{"claimById":{"ref":"B","steps":[{"text":"B-0"}]}}`, string(res.Data))
	require.Equal(t, 1, trace.RoundTrips(), "the list of an entity that is asked for by id need not wait for it")

	require.Contains(t, w.failure(`{ claims { edges { node { steps(first: 1) { text } } } } }`, "").Message, `Unknown argument "first"`)
	require.Equal(t, "C0001E", w.failure(`{ claims(first: 1200) { edges { node { steps { claim { steps { text } } } } } } }`, "").Extensions.Code, "what is below a list costs as below a page")
}

// A list without pages is bounded all the same: what is beyond the most rows of a statement is an error there, and nothing of it is shown.
func TestPlainListsAreBounded(t *testing.T) {
	t.Parallel()
	w := newDeskWith(t, store.Options{MaxRows: 20})
	w.claimWith("A", 11)
	w.claimWith("B", 9)
	query := `{ claims { edges { node { ref steps { text } } } } }`
	require.Empty(t, messages(w.run(w.admin, query, "")))
	w.claimWith("C", 1)
	res := w.run(w.admin, query, "")
	require.Len(t, res.Errors, 1)
	require.Equal(t, "more than 20 steps match; ask for pages", res.Errors[0].Message)
	require.Equal(t, []any{"claims", "edges", 0, "node", "steps"}, res.Errors[0].Path)
	require.JSONEq(t, `{"claims":{"edges":[{"node":{"ref":"A","steps":null}},{"node":{"ref":"B","steps":null}},{"node":{"ref":"C","steps":null}}]}}`, string(res.Data))
}

// A connection may take paging arguments alone, and its type be found in no other way, nor show its id.
func TestConnectionsWithPagingAlone(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	w.claimWith("A", 12)
	shown := w.raw(`{ a: __type(name: "Claim") { fields { name args { name } } } b: __type(name: "Photo") { fields { name } } }`, "")
	require.Contains(t, shown, `{"name":"photos","args":[{"name":"first"},{"name":"last"},{"name":"before"},{"name":"after"}]}`)
	require.Contains(t, shown, `"b":{"fields":[{"name":"name"},{"name":"claim"}]}`)
	require.Contains(t, w.failure(`{ photos { edges { node { name } } } }`, "").Message, `Cannot query field "photos"`)

	page := `query($n: Int, $a: String) { claim(ref: "A") { photos(first: $n, after: $a) { edges { cursor node { name } } pageInfo { hasNextPage endCursor } } } }`
	first := w.data(page, `{"n":5}`)
	require.Equal(t, true, at(first, "claim.photos.pageInfo.hasNextPage"))
	rest := w.data(page, fmt.Sprintf(`{"n":10,"a":%q}`, at(first, "claim.photos.pageInfo.endCursor")))
	require.Equal(t, false, at(rest, "claim.photos.pageInfo.hasNextPage"))
	require.Len(t, at(rest, "claim.photos.edges"), 7)
	require.Len(t, at(w.data(page, `{}`), "claim.photos.edges"), 10, "ten is the page that nobody asked for")
}

// A workflow may be shown as an object, its values alone be deprecated, and all be null where there is none.
func TestWorkflowsThatMayLack(t *testing.T) {
	t.Parallel()
	w := newDesk(t)
	shown := w.raw(`{ __type(name: "Payout") { fields(includeDeprecated: true) { name isDeprecated type { kind } } } }`, "")
	for _, field := range []string{`{"name":"workflowRef","isDeprecated":true,"type":{"kind":"SCALAR"}}`, `{"name":"workflowVersion","isDeprecated":true,"type":{"kind":"SCALAR"}}`,
		`{"name":"workflow","isDeprecated":false,"type":{"kind":"OBJECT"}}`} {
		require.Contains(t, shown, field)
	}
	const fields = `{ type status workflowRef workflowVersion workflow { ref version } }`
	create := `mutation($input: CreatePayoutInput) { createPayout(input: $input) ` + fields + ` }`
	driven := `{"type":"CASH","status":"CREATED","workflowRef":"PAYOUT::CASH","workflowVersion":10003,"workflow":{"ref":"PAYOUT::CASH","version":10003}}`
	require.JSONEq(t, `{"createPayout":`+driven+`}`, w.raw(create, `{"input":{"ref":"P-1","type":"CASH","retailer":{"id":1}}}`))
	without := `{"type":null,"status":"CREATED","workflowRef":null,"workflowVersion":null,"workflow":null}`
	made := w.data(`mutation($input: CreatePayoutInput) { createPayout(input: $input) { id } }`, `{"input":{"ref":"P-2","retailer":{"id":1}}}`)
	require.JSONEq(t, `{"payouts":{"edges":[{"node":`+driven+`},{"node":`+without+`}]}}`, w.raw(`{ payouts { edges { node `+fields+` } } }`, ""))
	require.JSONEq(t, `{"payouts":{"edges":[{"node":`+driven+`}]}}`, w.raw(`{ payouts(workflow: {ref: "PAYOUT::CASH", version: 10003}) { edges { node `+fields+` } } }`, ""))
	require.JSONEq(t, `{"payouts":{"edges":[{"node":`+without+`}]}}`, w.raw(`{ payouts(workflowVersion: [null]) { edges { node `+fields+` } } }`, ""))
	changed := w.raw(`mutation { updatePayout(input: {id: `+fmt.Sprint(at(made, "createPayout.id"))+`, type: "BANK"}) `+fields+` }`, "")
	require.JSONEq(t, `{"updatePayout":{"type":"BANK","status":"CREATED","workflowRef":null,"workflowVersion":null,"workflow":null}}`, changed)

	const receipt = `{ workflowRef workflowVersion }`
	issued := w.raw(`mutation { createReceipt(input: {type: "R", retailer: {id: 1}}) `+receipt+` }`, "")
	require.JSONEq(t, `{"createReceipt":{"workflowRef":"RECEIPT::R","workflowVersion":"10003"}}`, issued)
	for _, version := range []string{`"10003"`, `["10003","x"]`} {
		require.Len(t, at(w.data(`{ receipts(workflowVersion: `+version+`) { edges { node { workflowVersion } } } }`, ""), "receipts.edges"), 1, version)
	}
	require.Empty(t, at(w.data(`{ receipts(workflowVersion: "x") { edges { node { workflowVersion } } } }`, ""), "receipts.edges"))
}
