package entity_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
)

var long = strings.Repeat("ü", 256)

// beyond are values that fields cannot hold, by where they stand.
var beyond = map[string]any{
	"supportPhoneNumber: the text has 256 characters, at most 20 are allowed": &foundation.Location{Ref: "L", Type: "STORE", Name: "n", RetailerID: "1", SupportPhoneNumber: long},
	"attributes[1].name: the text has 256 characters, at most 255 are allowed": &foundation.Network{Ref: "N", Attributes: catalogue.Attributes{
		{Name: "a", Type: "STRING", Value: long}, {Name: long, Type: "STRING", Value: "v"}}},
	"retailerRefs[0]: the text has 256 characters":     &inventory.InventoryCatalogue{Ref: "I", Name: "n", RetailerRefs: []string{long}},
	"quantity: quantity must not be negative":          &order.ArticleItem{ArticleID: "8", Quantity: -1},
	`context: "SHOP" is unknown: want ACCOUNT`:         &foundation.Setting{Name: "S", Context: "SHOP", ValueType: "STRING"},
	"roles[0].contexts[0].contextId: the text has 256": &security.User{Ref: "U", Username: "u", Roles: []security.UserRole{{RoleID: "1", Contexts: []security.RoleContext{{ContextType: "ACCOUNT", ContextID: long}}}}},
	"ref: ref must not be empty":                       &foundation.Network{},
	"ref: the text has 1025 characters, at most 1024":  &foundation.Network{Ref: strings.Repeat("r", 1025)},
}

// TestNoMakerGivesWhatFieldsCannotHold lets makers that have no input, such as rules and provisioning, make what no input could.
func TestNoMakerGivesWhatFieldsCannotHold(t *testing.T) {
	t.Parallel()
	article := with("8", &order.Article{OrderID: "1"})
	for want, e := range beyond {
		m := &entity.Making{Catalogue: domain.Catalogue(), By: entity.Maker{Composes: true}}
		typ := domain.Catalogue().TypeOf(e)
		e := clone(e)
		typ.Field("id").Set(e, catalogue.ID("9"))
		m.Make(e)
		err := m.Complete(t.Context(), &shelf{entities: []any{article, with("1", &order.Order{RetailerID: "1"})}})
		require.ErrorContains(t, err, want)
		require.Equal(t, fault.Invalid, fault.Of(err).Kind, want)
	}
}

// TestAnEmptyTextIsNoneOfThoseThatAreAllowed where somebody gives it; what nobody gives may be absent.
func TestAnEmptyTextIsNoneOfThoseThatAreAllowed(t *testing.T) {
	t.Parallel()
	s := with("9", &foundation.Setting{Name: "S", Context: "ACCOUNT"})
	kind := domain.Catalogue().TypeOf(s).Field("valueType")
	for _, isNew := range []bool{false, true} {
		m := &entity.Making{Catalogue: domain.Catalogue()}
		x := &entity.Draft{Type: domain.Catalogue().TypeOf(s), Entity: s, New: isNew, Place: "input"}
		require.NoError(t, m.Values(x))
		x.Touch(kind)
		require.ErrorContains(t, m.Values(x), `input.valueType: "" is unknown: want STRING, INTEGER`)
	}
}

// TestSumsMayBeLargerThanWhatCallersGive: else an order whose lines were taken could not change any more.
func TestSumsMayBeLargerThanWhatCallersGive(t *testing.T) {
	t.Parallel()
	total := 3e17
	o := with("9", &order.Order{Ref: "O", TotalPrice: &total})
	x := &entity.Draft{Type: domain.Catalogue().TypeOf(o), Entity: o, New: true, Place: "input"}
	m := &entity.Making{Catalogue: domain.Catalogue()}
	require.ErrorContains(t, m.Values(x), "input.totalPrice: 3e+17 has more digits than are kept: want -1e+15 to 1e+15")
	m.By.Composes = true
	require.NoError(t, m.Values(x))
}

// TestOnlyWhatChangesIsLookedAt: what is stored may be older than a limit.
func TestOnlyWhatChangesIsLookedAt(t *testing.T) {
	t.Parallel()
	typ := domain.Catalogue().Type("Location")
	l := with("9", &foundation.Location{Ref: "L", Name: "n", SupportPhoneNumber: long, Attributes: catalogue.Attributes{{Name: long}, {Name: "b"}}})
	x := &entity.Draft{Type: typ, Entity: l, Touched: []*catalogue.Field{typ.Field("name"), typ.Field("attributes")}, Place: "input",
		Given: map[*catalogue.Field]any{typ.Field("attributes"): catalogue.Attributes{{Name: "b"}}}, Names: map[*catalogue.Field]string{typ.Field("supportPhoneNumber"): "phone"}}
	m := &entity.Making{Catalogue: domain.Catalogue(), Drafts: []*entity.Draft{x}}
	require.NoError(t, m.Complete(t.Context(), &shelf{}))
	x.Touch(typ.Field("supportPhoneNumber"))
	require.ErrorContains(t, m.Complete(t.Context(), &shelf{}), "input.phone: the text has 256 characters, at most 20")
}

// TestComposedKeysHaveRoom: an order's ref may be as long as a fulfilment's, whose own is made of it.
func TestComposedKeysHaveRoom(t *testing.T) {
	t.Parallel()
	for _, composes := range []bool{false, true} {
		m := &entity.Making{Catalogue: domain.Catalogue(), By: entity.Maker{Composes: composes}}
		m.Make(with("9", &foundation.Network{Ref: strings.Repeat("r", 256)}))
		err := m.Complete(t.Context(), &shelf{})
		if composes {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "ref: the text has 256 characters, at most 100")
		}
	}
}

// TestRulesMakeNothingThatFieldsCannotHold has rules try, and finds nothing made.
func TestRulesMakeNothingThatFieldsCannotHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for want, e := range beyond {
		if _, ok := e.(*order.ArticleItem); ok {
			continue // hangs on an article
		}
		out := h.byRule(clone(e))
		requireFailed(t, out, want)
	}
}

func clone(e any) any {
	out := reflect.New(reflect.TypeOf(e).Elem())
	out.Elem().Set(reflect.ValueOf(e).Elem())
	return out.Interface()
}

func requireFailed(t *testing.T, out *turn.Outcome, want string) {
	t.Helper()
	require.Equal(t, eventstore.Failed, out.Marks[0].State, want)
	require.Contains(t, out.Marks[0].Error, want)
	require.Empty(t, out.Created)
	require.Empty(t, out.Changed)
}

// changed runs a rule that does something to a location, in a turn of that location.
func (h *house) changed(do func(c *rule.Context, l *foundation.Location)) *turn.Outcome {
	return h.run(func(_ context.Context, c *rule.Context) error {
		do(c, c.Entity.(*foundation.Location))
		return nil
	})
}

// TestRulesChangeNothingToWhatFieldsCannotHold, nor to what is another retailer's, nor ties wholes together that are two.
func TestRulesChangeNothingToWhatFieldsCannotHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.other()
	set := func(name string, v any) func(*rule.Context, *foundation.Location) {
		return func(c *rule.Context, l *foundation.Location) { c.Turn.Set(l, map[string]any{name: v}) }
	}
	requireFailed(t, h.changed(set("supportPhoneNumber", long)), "supportPhoneNumber: the text has 256 characters, at most 20 are allowed")
	requireFailed(t, h.changed(set("ref", "")), "ref: ref must not be empty")
	requireFailed(t, h.changed(set("attributes", catalogue.Attributes{{Name: long, Value: 1}})), "the text has 256 characters, at most 255 are allowed")
	requireFailed(t, h.changed(set("retailer", catalogue.ID("2"))), "retailer: Retailer not found: id 2")
	out := h.changed(set("supportPhoneNumber", "+61 2 5550 1234"))
	require.Equal(t, eventstore.Success, out.Marks[0].State, out.Marks[0].Error)
	require.Len(t, out.Changed, 1)

	network := with("90", &foundation.Network{Ref: "N"})
	out = h.changed(func(c *rule.Context, l *foundation.Location) {
		c.Turn.Link(network, "retailers", with("2", &foundation.Retailer{Ref: "SECOND"}))
	})
	requireFailed(t, out, "Retailer not found: id 2")
	for _, of := range []catalogue.ID{"10", "11"} {
		a := with("8", &order.Article{Ref: "A", OrderID: "10"})
		f := with("3", &order.Fulfilment{Ref: "F", OrderID: of})
		for _, link := range []func(*rule.Context, *foundation.Location){
			func(c *rule.Context, _ *foundation.Location) { c.Turn.Link(a, "fulfilments", f) },
			func(c *rule.Context, _ *foundation.Location) { c.Turn.Link(f, "articles", a) },
		} {
			if out := h.changed(link); of == a.OrderID {
				require.Equal(t, eventstore.Success, out.Marks[0].State, out.Marks[0].Error)
			} else {
				requireFailed(t, out, "the fulfilments of an article must be of one order")
			}
		}
	}
}

// other makes a second retailer.
func (h *house) other() {
	second := with("2", &foundation.Retailer{Ref: "SECOND", Status: "ACTIVE"})
	require.NoError(h, h.db.Write(h.Context(), h.who.Scope(), func(tx *store.Tx) error { tx.Insert(second); return nil }))
}

// TestRulesMakeNothingOfOthers lets a rule for one retailer make a location of another.
func TestRulesMakeNothingOfOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.other()
	requireFailed(t, h.byRule(&foundation.Location{Ref: "L2", Type: "STORE", Name: "n", RetailerID: "2"}), "retailer: Retailer not found: id 2")
}

// TestWhatFitsCostsNoMemory: a batch has thousands of rows, and each passes here.
func TestWhatFitsCostsNoMemory(t *testing.T) {
	q := with("9", &inventory.InventoryQuantity{Ref: "Q", CatalogueID: "1", PositionID: "2", Quantity: 4, Attributes: catalogue.Attributes{
		{Name: "asOf", Type: "STRING", Value: "2026-01-01T00:00:00Z"}, {Name: "lot", Type: "STRING", Value: "7"}}})
	m := entity.Making{}
	x := &entity.Draft{Type: domain.Catalogue().TypeOf(q), Entity: q, New: true}
	require.NoError(t, m.Values(x))
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = m.Values(x) }), 2.0)
}

// scalar is a value of a plain type.
func scalar(typ, text string, limit int) any {
	switch typ {
	case "Int":
		return 3
	case "Float":
		return 1.5
	case "Boolean":
		return true
	case "DateTime":
		return time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	case "Json":
		return map[string]any{"a": text}
	}
	if limit == 0 {
		limit = 255
	}
	return text[:min(len(text), limit)]
}
