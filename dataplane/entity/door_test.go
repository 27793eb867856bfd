package entity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// house is an account with one retailer, its API, and turns of one of its locations whose rules make entities.
type house struct {
	*testing.T
	db       *store.DB
	dsn      string
	changer  *change.Changer
	who      *tenant.Principal        // may everything
	own      *tenant.Principal        // acts for retailer 1 alone, as rules do
	fixtures map[string]any           // by type name
	desk     *foundation.Location     // whose turns make entities: it is none of the fixtures, so that what hangs on those has events of its own
	making   map[*catalogue.Type]bool // fixtures on their way, which name nothing that names them
	sent     events
}

// events are those of mutations.
type events struct {
	mu   sync.Mutex
	list []*workflow.Event
}

func (e *events) Nudge(_ tenancy.AccountID, list ...*workflow.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, list...)
}

func (e *events) Await(context.Context, tenancy.AccountID, *workflow.Event) error { return nil }

func (e *events) Create(context.Context, tenancy.AccountID, change.Creation) (bool, error) {
	return false, nil
}

// flows has each workflow of retailer 1, whose one ruleset makes something.
type flows struct{}

func (flows) Current(_ context.Context, _ tenancy.AccountID, r tenancy.RetailerID, _ string, _ workflow.Root) (int, bool, error) {
	return 10003, r == 1, nil
}

func (flows) Names(tenancy.AccountID, tenancy.RetailerID) []string { return nil }

func (flows) Get(_ context.Context, _ tenancy.AccountID, r tenancy.RetailerID, f workflow.Following) (*workflow.Workflow, string, error) {
	if r != 1 {
		return nil, "", nil
	}
	entityType, _, _ := strings.Cut(f.Name, "::")
	return &workflow.Workflow{Name: f.Name, EntityType: entityType, Version: "1.3", Rulesets: []*workflow.Ruleset{
		{Name: "Make", Type: "LOCATION", EventType: workflow.Normal, Rules: []workflow.RuleCall{{Name: "ACME.test.Make"}}},
	}}, "", nil
}

type hasher struct{}

func (hasher) Hash(_ context.Context, password string) (string, error) { return "#" + password, nil }

func newHouse(t *testing.T) *house {
	dsn := dbtest.Template(t, "entity", storetest.Migrate)
	db := storetest.Open(t, dsn, store.Options{})
	h := &house{T: t, db: db, dsn: dsn, fixtures: map[string]any{}, making: map[*catalogue.Type]bool{}}
	var err error
	h.changer, err = change.New(change.Deps{DB: db, Catalogue: domain.Catalogue(), Workflows: flows{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), hasher{})), Engine: &h.sent})
	require.NoError(t, err)
	ann := tenant.Identity{Account: "ACME", UserID: "1", Username: "ann", RetailerID: 1}
	h.who = tenant.New(ann, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	h.own = tenant.New(ann, tenant.Grant{Role: "OWN", Permissions: domain.Catalogue().Permissions(),
		Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	retailer := with("1", &foundation.Retailer{Ref: "MAIN", Status: "ACTIVE"})
	require.NoError(t, db.Write(t.Context(), h.who.Scope(), func(tx *store.Tx) error { tx.Insert(retailer); return nil }))
	h.fixtures["Retailer"] = retailer
	return h
}

// fixture is an entity that others can point at, made the first time that it is asked for.
func (h *house) fixture(t *catalogue.Type) any {
	switch t.Name {
	case "Address": // of a location, so that copies lead somewhere
		l := h.fixture(domain.Catalogue().Type("Location"))
		return h.read(domain.Catalogue().Type("StoreAddress"), domain.Catalogue().TypeOf(l).Get(l, "primaryAddress").(catalogue.ID))
	case "Product":
		t = domain.Catalogue().Type("StandardProduct")
	}
	if h.fixtures[t.Name] == nil {
		require.NotNil(h, t.Create, "%s", t.Name)
		h.making[t] = true
		h.fixtures[t.Name] = h.byAPI(t, "F")
		delete(h.making, t)
	}
	return h.fixtures[t.Name]
}

func (h *house) read(t *catalogue.Type, id catalogue.ID) any {
	found, err := h.db.Reader(h.who.Scope()).ByID(h.Context(), t, id)
	require.NoError(h, err)
	require.NotNil(h, found[0], "%s %s", t.Name, id)
	return found[0]
}

// byAPI makes an entity by its mutation, every field of whose input is given. Texts begin with mark.
func (h *house) byAPI(t *catalogue.Type, mark string) any {
	who := h.own
	if t.AccountWide {
		who = h.who
	}
	made, err := h.changer.Create(h.Context(), who, t.Create, h.input(t.Create.Input, mark).(map[string]any))
	require.NoError(h, err, "%s", t.Name)
	return h.read(t, t.ID(made))
}

// input fills in an input whole, but for connections that need not be given and references to the own kind.
func (h *house) input(in *catalogue.Input, mark string) any {
	out := map[string]any{}
	for _, f := range in.Fields {
		own := f.Field != nil && f.Field.Ref != nil && in.Of != nil && f.Field.Ref.Holds(in.Of)
		if own || f.Edge != nil && f.Key != nil && !f.Required || f.Finds != nil && h.making[f.Finds.Of] {
			continue
		}
		out[f.Name] = h.value(in, f, mark)
	}
	if in.Of == nil {
		return out
	}
	for _, k := range in.Of.KeyRefs {
		if !k.Required() { // two may not have the same
			continue
		}
		for i, local := range k.Local {
			h.put(in, out, local, func(catalogue.ValueKind) any {
				p := h.fixture(k.Target)
				return domain.Catalogue().TypeOf(p).Get(p, k.Remote[i].Name)
			})
		}
	}
	if o := in.Of.Owner; o != nil {
		about := o.Kinds[0]
		h.put(in, out, o.Kind, func(catalogue.ValueKind) any { return about.Name })
		h.put(in, out, o.ID, func(k catalogue.ValueKind) any {
			if k == catalogue.Int {
				return len(mark) // any number
			}
			return string(about.Type.ID(h.fixture(about.Type)))
		})
	}
	return out
}

// put gives the input of a field a value, if it has one.
func (h *house) put(in *catalogue.Input, out map[string]any, f *catalogue.Field, value func(catalogue.ValueKind) any) {
	for _, x := range in.Fields {
		if x.Field == f {
			out[x.Name] = value(f.Kind)
		}
	}
}

// said are values that are not free.
var said = map[string]any{"PermissionKey.name": "ORDER_VIEW", "RoleContextInput.contextType": "ACCOUNT", "RoleContextInput.contextId": "0", "retailerRefs": []any{"1"}, "apiKey": nil, "controlGroupRef": nil,
	"CurrencyKey.alphabeticCode": "EUR", "PriceInput.currency": "EUR", "timeZone": "Australia/Sydney", "timezone": "Australia/Sydney", "CreateOrderItemWithOrderInput.quantity": 100, "CreateFulfilmentItemWithFulfilmentInput.requestedQuantity": 1, "AmountTypeInput.scale": 2, "AmountTypeInput.unscaledValue": 150} // as much as the amount

func (h *house) value(in *catalogue.Input, f *catalogue.InputField, mark string) any {
	for _, name := range []string{in.Name + "." + f.Name, f.Name} {
		if v, ok := said[name]; ok {
			return v
		}
	}
	var one any
	base := catalogue.BaseType(f.Type)
	switch {
	case f.Key != nil:
		one = h.key(f.Key, f.Field)
	case f.Field != nil && f.Field.Numbered:
		number, err := strconv.Atoi(string(f.Field.Ref.ID(h.fixture(f.Field.Ref))))
		require.NoError(h, err)
		one = number
	case f.Finds != nil:
		one = h.key(f.Finds, nil)
	case f.Name == "fulfilmentChoices": // each under a ref of its own
		one = h.input(f.Children, mark+"s")
	case f.Children != nil:
		one = h.input(f.Children, mark)
	case f.Name == "fulfilmentChoiceRef" && in.Name == "CreateOrderItemWithOrderInput":
		one = mark + "-CreateFulfilmentChoiceWithOrderInput.ref"
	case f.Name == "fulfilmentChoiceRef": // one of the order's that it is for
		one = "F-CreateFulfilmentChoiceWithOrderInput.ref"
	case domain.Catalogue().Input(base) != nil:
		one = h.input(domain.Catalogue().Input(base), mark)
	case f.Field != nil && len(f.Field.Among) > 0:
		one = f.Field.Among[0]
	case f.Field != nil && f.Field.Constants != nil:
		one = f.Field.Constants.Rows[0].Key
	case f.Field != nil && f.Field.Names != nil:
		e := h.fixture(f.Field.Names)
		one = f.Field.Names.Text(e, "ref")
	default:
		one = scalar(base, mark+"-"+in.Name+"."+f.Name, f.MaxLen)
	}
	if strings.HasPrefix(f.Type, "[") {
		return []any{one}
	}
	return one
}

// key points at a fixture: of the type that the field refers to, which may be narrower than the key's.
func (h *house) key(in *catalogue.Input, f *catalogue.Field) any {
	t := in.Of
	if f != nil && f.Ref != nil {
		t = f.Ref
	}
	if t == nil {
		return h.input(in, "F")
	}
	e := h.fixture(t)
	out := map[string]any{}
	for _, x := range in.Fields {
		v := domain.Catalogue().TypeOf(e).Get(e, x.Field.Name)
		if x.Key != nil {
			v = h.key(x.Key, nil)
		}
		if id, ok := v.(catalogue.ID); ok {
			v = string(id)
		}
		out[x.Name] = v
	}
	return out
}

// answered is the priority of what turns answer here: that of the person who calls the API.
const answered = workflow.StoreWork

// byRule runs an event of a location whose rule makes entities, and writes what the turn wants written.
func (h *house) byRule(e any) *turn.Outcome {
	return h.run(func(ctx context.Context, c *rule.Context) error { return c.Turn.Create(ctx, e) })
}

// run runs an event of a location that one rule answers.
func (h *house) run(do func(ctx context.Context, c *rule.Context) error) *turn.Outcome {
	make := rule.New("test", "Make", "Makes an entity.", func(ctx context.Context, c *rule.Context, _ rule.None) error { return do(ctx, c) })
	runner, err := turn.New(turn.Deps{DB: h.db, Library: rule.NewLibrary([]rule.Rule{make}), Workflows: flows{}})
	require.NoError(h, err)
	if h.desk == nil {
		h.desk = h.byAPI(domain.Catalogue().Type("Location"), "D").(*foundation.Location)
	}
	l := h.desk
	out, err := runner.Run(h.Context(), turn.Input{Scope: h.who.Scope(), Try: 1, Events: []*workflow.Event{{ID: string(h.db.NewUUID()), Name: "Make", Type: workflow.Normal, Priority: answered,
		RetailerID: 1, EntityType: "LOCATION", EntityID: string(l.ID), EntityRef: l.Ref, RootType: "LOCATION", RootID: string(l.ID), RootRef: l.Ref}}})
	require.NoError(h, err)
	return out
}

// also is what rules give besides what the input of the mutation has, since it comes by another way there.
var also = map[string][]string{
	"Article":         {"order"}, // by the fulfilments that it is tied to, which a rule does afterwards
	"Consignment":     {"order"}, // by its parcels, which are no rows yet either
	"User":            {"passwordHash"},
	"SourcingProfile": {"version", "status"}, // by those that there are
}

// given is a new entity with what the input of a mutation gave to another. Texts that begin with the mark of one begin with that of the other.
func given(t *catalogue.Type, of any, in *catalogue.Input, hold entity.Hold, from, to string) any {
	e := t.New()
	take := func(f *catalogue.Field) {
		if f == nil {
			return
		}
		raw, _ := json.Marshal(f.Get(of))
		_ = json.Unmarshal([]byte(strings.ReplaceAll(string(raw), `"`+from+"-", `"`+to+"-")), f.Pointer(e))
	}
	for _, x := range in.Fields {
		take(x.Field)
		if x.Composite != nil {
			for _, m := range x.Composite.Members {
				take(m.Field)
			}
		}
	}
	for _, name := range also[t.Name] {
		take(t.Field(name))
	}
	if hold.Edge != nil {
		take(hold.Edge.By)
	}
	take(hold.Back)
	return e
}

// shown prints an entity without what every row has of its own.
func shown(t *catalogue.Type, e any) map[string]string {
	out := map[string]string{}
	for _, f := range t.Fields {
		if f.Name == "id" || f.Name == "createdOn" || f.Name == "updatedOn" {
			continue
		}
		raw, _ := json.Marshal(f.Get(e))
		out[f.Name] = unmarked(string(raw))
	}
	return out
}

var marks = regexp.MustCompile(`\b[AB]-`)

func unmarked(s string) string { return marks.ReplaceAllString(s, "?-") }

func shownEvents(t *catalogue.Type, id catalogue.ID, list []*workflow.Event) []string {
	var out []string
	for _, e := range list {
		if e.EntityType != t.EntityType || e.EntityID != string(id) {
			continue
		}
		root := e.RootID
		if root == string(id) && e.RootType == e.EntityType {
			root = "its own"
		}
		out = append(out, unmarked(fmt.Sprintln(e.Name, e.Type, e.RetailerID, e.EntityType, e.EntityRef, e.EntitySubtype, e.EntityStatus, e.RootType, root, e.RootRef, e.Priority)))
	}
	return out
}

// made is an entity that the API made, as itself or as a part, with the input that it was made from.
type made struct {
	typ    *catalogue.Type
	entity any
	input  *catalogue.Input
	hold   entity.Hold
}

// withParts lists an entity with the parts that its input has, all as they are stored.
func (h *house) withParts(t *catalogue.Type, e any, in *catalogue.Input, hold entity.Hold) []made {
	out := []made{{t, e, in, hold}}
	for _, f := range in.Fields {
		if f.Children == nil {
			continue
		}
		part := f.Children.Of
		if f.Edge == nil {
			child := h.read(part, f.Field.Get(e).(catalogue.ID))
			out = append(out, h.withParts(part, child, f.Children, entity.Hold{Field: f.Field, Back: f.Back})...)
			continue
		}
		found, err := h.db.Reader(h.who.Scope()).Entities(h.Context(), store.Query{Type: part,
			Where: []store.Condition{{Field: f.Edge.By, Op: store.In, Values: []any{t.ID(e)}}}})
		require.NoError(h, err)
		for _, child := range found {
			out = append(out, h.withParts(part, child, f.Children, entity.Hold{Edge: f.Edge})...)
		}
	}
	return out
}

// ties reports whether a type says that two others belong together: its key is what it refers to.
func ties(t *catalogue.Type) bool {
	return len(t.Key) > 0 && !slices.ContainsFunc(t.Key, func(f *catalogue.Field) bool { return f.Ref == nil })
}

// TestRulesMakeWhatTheAPIMakes walks the catalogue: whatever a mutation makes, whole or as a part, a rule makes from the same input with the same
// row and the same events.
func TestRulesMakeWhatTheAPIMakes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	compared := map[string]bool{}
	for _, typ := range domain.Catalogue().Types() {
		if typ.Provided || typ.Create == nil {
			continue
		}
		h.sent.list = nil
		whole := h.byAPI(typ, "A")
		sent := slices.Clone(h.sent.list)
		for _, ev := range sent {
			ev.Priority = ev.Priority.After(answered) // what a turn sends is never more urgent than what it answers
		}
		for _, m := range h.withParts(typ, whole, typ.Create.Input, entity.Hold{}) {
			e := given(m.typ, m.entity, m.input, m.hold, "A", "B")
			out := h.byRule(e)
			require.Equal(t, eventstore.Success, out.Marks[0].State, "%s: %s", m.typ.Name, out.Marks[0].Error)
			require.Len(t, out.Created, 1)
			if ties(m.typ) { // there is one only between two
				require.NoError(t, h.db.Write(t.Context(), h.who.Scope(), func(tx *store.Tx) error { tx.Delete(m.typ, m.typ.ID(m.entity)); return nil }))
			}
			require.NoError(t, h.db.Write(t.Context(), h.who.Scope(), func(tx *store.Tx) error { tx.Insert(out.Created...); return nil }), "%s", m.typ.Name)
			require.Equal(t, shown(m.typ, m.entity), shown(m.typ, h.read(m.typ, m.typ.ID(e))), "rows of %s as a part of %s", m.typ.Name, typ.Name)
			if m.typ == typ || !m.typ.Quiet { // a rule makes each by itself
				require.Equal(t, shownEvents(m.typ, m.typ.ID(m.entity), sent), shownEvents(m.typ, m.typ.ID(e), out.Events), "events of %s", m.typ.Name)
			} else {
				require.Empty(t, shownEvents(m.typ, m.typ.ID(m.entity), sent), "%s came with its parent", m.typ.Name)
			}
			require.Equal(t, m.typ.Fires, len(out.Events) == 1, "%s", m.typ.Name)
			compared[m.typ.Name] = true
		}
	}
	for _, typ := range domain.Catalogue().Types() {
		require.Equal(t, !typ.Provided, compared[typ.Name], "%s", typ.Name)
	}
}

// TestRulesMakeNothingThatIsTheControlPlanes lets a rule make a retailer: its number would be one that the control plane gives to another.
func TestRulesMakeNothingThatIsTheControlPlanes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	out := h.byRule(&foundation.Retailer{Ref: "SECOND"})
	require.Equal(t, eventstore.Failed, out.Marks[0].State)
	require.Contains(t, out.Marks[0].Error, "a Retailer comes from the control plane")
	require.Empty(t, out.Created)
}
