package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// rooted are the types that have parts.
func rooted(t *testing.T) (out []*catalogue.Type) {
	t.Helper()
	for _, typ := range domain.Catalogue().Types() {
		if typ.Parts != nil {
			out = append(out, typ)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// entity makes one that a workflow of its type drives, with texts of its own.
func (b *bench) entity(typ *catalogue.Type) any {
	b.t.Helper()
	id, err := b.db.NewID(b.ctx, b.scope, typ)
	require.NoError(b.t, err)
	e := typ.New()
	for _, f := range typ.Fields {
		switch at := f.Pointer(e).(type) {
		case *string:
			*at = fmt.Sprint(id, f.Name)[:min(9, len(id)+len(f.Name))]
		case *catalogue.ID:
			if *at = ""; !f.Null {
				*at = "1"
			}
		}
	}
	typ.Field("id").Set(e, id)
	if typ.Workflow {
		typ.Field("type").Set(e, "HD")
		typ.Field("status").Set(e, "CREATED")
		typ.Field("workflowRef").Set(e, typ.EntityType+"::HD")
		typ.Field("workflowVersion").Set(e, 10000)
	}
	return e
}

// sight is what a rule saw of its root: the parts, and what each path of the root's type leads to.
type sight struct {
	parts []string
	paths map[string]string
}

// look makes a rule that puts what it sees into at.
func look(typ *catalogue.Type, at *sight) rule.Rule {
	return rule.New("test", "Look", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		*at = sight{names(c.Root.Parts()...), map[string]string{}}
		for _, p := range paths(typ) {
			found, _ := path.All(rule.EntityView(c.Types, c.Root, c.Root.Entity()), p+".id")
			ids := make([]string, len(found))
			for i, id := range found {
				ids[i] = path.Text(id)
			}
			at.paths[p] = strings.Join(ids, " ")
		}
		return nil
	})
}

// sees checks that a rule saw a tree.
func (s *sight) sees(t *testing.T, typ *catalogue.Type, tree *storetest.Tree) {
	t.Helper()
	require.ElementsMatch(t, names(tree.Parts...), s.parts)
	for i, p := range paths(typ) {
		at := domain.Catalogue().TypeOf(tree.Parts[i])
		require.Contains(t, strings.Fields(s.paths[p]), string(at.ID(tree.Parts[i])), p)
	}
}

// paths are those of all branches of a type's parts.
func paths(typ *catalogue.Type) (out []string) {
	at := map[*catalogue.Part]string{}
	typ.Parts.Each(func(above, p *catalogue.Part) {
		at[p] = strings.TrimPrefix(at[above]+"."+p.Word, ".")
		out = append(out, at[p])
	})
	return out
}

func names(list ...any) (out []string) {
	for _, e := range list {
		t := domain.Catalogue().TypeOf(e)
		out = append(out, t.Name+" "+string(t.ID(e)))
	}
	return out
}

// grow makes a tree of which nothing is written.
func (b *bench) grow(typ *catalogue.Type) *storetest.Tree {
	return storetest.Grow(typ, storetest.Growing{Catalogue: domain.Catalogue(), Retailer: "1", Entity: b.entity})
}

func (b *bench) plant(links []storetest.Link, entities ...any) {
	b.t.Helper()
	require.NoError(b.t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { storetest.Plant(tx, links, entities...); return nil }))
}

// rootEvent is one for a root itself.
func rootEvent(typ *catalogue.Type, root any, name string) *workflow.Event {
	id := string(typ.ID(root))
	return &workflow.Event{Name: name, RetailerID: 1, EntityType: typ.EntityType, EntityID: id, RootType: typ.EntityType, RootID: id, Priority: workflow.StoreWork}
}

// looking is a bench whose workflow of a type looks at its roots, for events Look and CREATE.
func looking(t *testing.T, typ *catalogue.Type, at *sight) (*bench, *engine.Engine) {
	b := newBench(t)
	b.rules = append(b.rules, look(typ, at))
	b.flowOf("ACME", typ.EntityType, on("Look", typ.EntityType, "", do("Look")), on("CREATE", typ.EntityType, "", do("Look")))
	return b, b.new("n1", func(d *engine.Deps, _ *engine.Config) { d.Starts = []string{typ.EntityType} })
}

// TestATurnLoadsItsRootWithItsParts, in one round trip, and follows each path of the root's type without another one.
func TestATurnLoadsItsRootWithItsParts(t *testing.T) {
	t.Parallel()
	for _, typ := range rooted(t) {
		var at sight
		b, e := looking(t, typ, &at)
		b.run(e)
		tree := b.grow(typ)
		b.plant(tree.Links, slices.Concat(tree.Parts, tree.Beside, []any{tree.Root})...)
		trace := &store.Trace{}
		res, err := e.RunOnce(store.WithTrace(b.ctx, trace), b.scope, rootEvent(typ, tree.Root, "Look"), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State, res.Error)
		at.sees(t, typ, tree)
		if len(tree.Links) == 0 { // who is linked to whom may change meanwhile
			reads := slices.DeleteFunc(trace.Statements(), func(s string) bool {
				return strings.HasPrefix(s, "events.") || strings.HasPrefix(s, "leases.") || strings.HasPrefix(s, "trails.")
			})
			require.Len(t, reads, 1+len(tree.Parts), "%v", reads)
			require.Empty(t, slices.DeleteFunc(reads, func(s string) bool { return strings.HasPrefix(s, "aggregate.") }))
		}
	}
}

// TestARootBeginsWithWhatIsThereAlready: what hangs on a new root is what is created with it, and what that points at. The latter is read, those of
// a depth together, unless the caller knows it.
func TestARootBeginsWithWhatIsThereAlready(t *testing.T) {
	t.Parallel()
	for _, typ := range rooted(t) {
		var at sight
		b, e := looking(t, typ, &at)
		for round := range 4 {
			tree := b.grow(typ)
			if len(tree.Links) > 0 {
				break // a creation brings no links
			}
			made, there, depths, connected := apart(typ, tree)
			b.plant(nil, append(tree.Beside, there...)...)
			c := engine.Creation{Event: rootEvent(typ, tree.Root, "CREATE"), Root: tree.Root, Parts: made}
			trips := 1 + depths
			if round == 3 {
				c.Known, trips = there, 1+connected
			}
			trace := &store.Trace{}
			done, err := e.Create(store.WithTrace(b.ctx, trace), "ACME", c)
			require.NoError(t, err)
			require.True(t, done)
			at.sees(t, typ, tree)
			if round > 0 { // the first one finds out what is told once
				require.Equal(t, trips, trace.RoundTrips(), "%v", trace.Statements())
			}
		}
	}
}

// apart says which parts come to be with a root, since they refer to it or to each other, and which ones are there already; at how many depths
// these are, and at how many of them connections lead to them: nobody knows from what he has read that it is all.
func apart(typ *catalogue.Type, tree *storetest.Tree) (made, there []any, depths, connected int) {
	old, depth, at := map[*catalogue.Part]bool{}, map[*catalogue.Part]int{}, map[int]bool{}
	by := map[int]bool{}
	i := -1
	typ.Parts.Each(func(above, p *catalogue.Part) {
		i++
		depth[p] = depth[above] + 1
		if old[p] = p.Ref != nil || old[above]; old[p] {
			there = append(there, tree.Parts[i])
			at[depth[p]] = true
			if p.Edge != nil {
				by[depth[p]] = true
			}
		} else {
			made = append(made, tree.Parts[i])
		}
	})
	return made, there, len(at), len(by)
}

// TestWhatARootBeginsWithIsReadOnce: of what the parts point at, each entity is one, and what is created with the root is not looked for.
func TestWhatARootBeginsWithIsReadOnce(t *testing.T) {
	t.Parallel()
	var at sight
	typ := domain.Catalogue().Type("Order")
	b, e := looking(t, typ, &at)
	b.plant(nil, &foundation.Customer{Node: catalogue.Node{ID: shopper.ID}, Ref: "C", Username: "C", RetailerID: "1"})
	for _, known := range [][]any{nil, {shopper}} {
		o, c := b.creation(fmt.Sprint("O-", len(known)))
		choice := b.entity(domain.Catalogue().Type("FulfilmentChoice")).(*order.FulfilmentChoice)
		choice.DeliveryAddressID, choice.OrderID = "", o.ID
		o.FulfilmentChoiceID = choice.ID
		c.Parts, c.Known = []any{choice}, known
		trace := &store.Trace{}
		done, err := e.Create(store.WithTrace(b.ctx, trace), "ACME", c)
		require.NoError(t, err)
		require.True(t, done)
		reads := slices.DeleteFunc(trace.Statements(), func(s string) bool { return !strings.HasSuffix(s, ".byID") })
		if known == nil {
			require.Equal(t, []string{"customers.byID"}, reads)
		} else {
			require.Empty(t, reads)
		}
		require.Equal(t, names(choice, shopper), at.parts)
	}
	require.Equal(t, &foundation.Customer{Node: catalogue.Node{ID: "1"}, RetailerID: "1"}, shopper)
}

// TestPartsOfATypeFollowTheTurn: what a rule creates joins them, and leaves them when its ruleset is discarded.
func TestPartsOfATypeFollowTheTurn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var counts []int
	b.rules = append(b.rules, rule.New("test", "CountParts", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		counts = append(counts, len(rule.Parts[order.Fulfilment](c.Root)))
		require.Empty(t, rule.Parts[order.Order](c.Root), "the root is no part")
		return nil
	}))
	failed := on("Go", "ORDER", "", do("CountParts"), do("Ship"), do("CountParts"))
	failed.EventType = workflow.Exception
	b.flow("ACME", on("Go", "ORDER", "", do("CountParts"), do("Ship"), do("CountParts"), do("Refuse")), failed)
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	earlier := b.entity(domain.Catalogue().Type("Fulfilment")).(*order.Fulfilment)
	earlier.OrderID = o.ID
	b.plant(nil, earlier)
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, []int{1, 2, 1, 2}, counts)
}
