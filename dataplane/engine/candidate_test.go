package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// plane tells nodes what retailer 1 works by: ORDER::HD 1.0 of the stable version, or 1.1 of the candidate.
type plane struct {
	b         *bench
	stable    map[string]string // artefacts
	candidate map[string]string

	mu     sync.Mutex
	states []*desired.State
	index  uint64
}

// newPlane keeps two workflows. On Ping one sets the status STABLE and the other TRIED, both of which go on with Pong in the same turn, and make another
// order.
func newPlane(b *bench) *plane {
	p := &plane{b: b}
	keep := func(version, mark string) map[string]string {
		text := fmt.Sprintf(`{"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","name":"ORDER::HD","version":%q,"statuses":[],"rulesets":[
			{"name":"Ping","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
				{"name":"ACME.test.SetState","props":{"status":%q}},{"name":"ACME.test.Between"},{"name":"ACME.test.Send","props":{"eventName":"Pong"}}]},
			{"name":"Pong","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[{"name":"ACME.test.Append","props":{"status":%q}},{"name":"ACME.test.Another"}]}]}`,
			version, mark, " "+mark)
		hash, err := artefacts.Of(b.db).Put(b.ctx, b.scope, []byte(text))
		require.NoError(b.t, err)
		return map[string]string{"workflow/ORDER::HD/1": hash}
	}
	p.stable, p.candidate = keep("1.0", "STABLE"), keep("1.1", "TRIED")
	return p
}

// node is an engine that hears what the plane tells.
func (p *plane) node(name string) *engine.Engine {
	state, err := desired.Open("")
	require.NoError(p.b.t, err)
	p.mu.Lock()
	p.states = append(p.states, state)
	p.mu.Unlock()
	return p.b.new(name, func(d *engine.Deps, _ *engine.Config) {
		d.Workflows = configuration.New(state, artefacts.Of(p.b.db), configuration.Options{})
	})
}

// tell says what the retailer works by from now on.
func (p *plane) tell(c *nodev1.Configuration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index++
	c.Account, c.Retailer, c.Index = "ACME", 1, p.index
	for _, s := range p.states {
		s.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: p.index,
			Resource: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: c}}}}})
	}
}

// try has a share of the roots work by the candidate.
func (p *plane) try(share workflow.Share) {
	p.tell(&nodev1.Configuration{Version: "stable", Artefacts: p.stable, Candidate: &nodev1.Candidate{Version: "tried", Artefacts: p.candidate, Share: uint32(share)}})
}

func rootOf(o *order.Order) workflow.Root { return workflow.Root{Type: "ORDER", ID: string(o.ID)} }

// TestAShareOfTheRootsWorksByTheCandidate has two nodes run events of the same orders: with half of them in the share, with all, and after the candidate
// has become stable. The nodes agree on each order, all of a turn runs under one version, and the trail says which.
func TestAShareOfTheRootsWorksByTheCandidate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, others()...)
	b.rules = append(b.rules, rule.New("test", "Between", "Does nothing here.", func(context.Context, *rule.Context, rule.None) error { return nil }))
	p := newPlane(b)
	nodes := []*engine.Engine{p.node("n1"), p.node("n2")}
	p.try(5000)
	for _, e := range nodes {
		b.run(e)
	}
	require.Eventually(t, func() bool { return len(nodes[0].Ranges()) > 0 && len(nodes[1].Ranges()) > 0 }, time.Minute, 5*time.Millisecond)
	list := b.orders(b.scope, 40)
	ping := func() {
		t.Helper()
		var events []*workflow.Event
		for i, o := range list {
			ev := event(o, "Ping")
			require.NoError(t, nodes[i%2].Submit(b.ctx, b.scope, ev))
			events = append(events, ev)
		}
		b.settled(b.scope, events...)
	}
	ran := map[string]int{}
	check := func(o *order.Order, mark, version, under string) {
		t.Helper()
		require.Equal(t, mark+" "+mark, b.reload(b.scope, o).Status, "order %s", o.ID)
		last := b.lastTurn(o)
		require.Equal(t, []string{version, under}, []string{last.Version, last.Configuration}, "order %s", o.ID)
		ran[last.Node]++
	}

	ping()
	tried := 0
	for _, o := range list {
		if workflow.Share(5000).Takes(rootOf(o)) {
			tried++
			check(o, "TRIED", "1.1", "tried")
		} else {
			check(o, "STABLE", "1.0", "stable")
		}
	}
	require.InDelta(t, 20, tried, 15)
	require.Len(t, ran, 2, "both nodes had a part in it: %v", ran)
	made := b.copies(list)
	require.Len(t, made, len(list))
	versions := map[int]int{}
	for _, o := range made {
		want := 10000
		if workflow.Share(5000).Takes(rootOf(o)) {
			want = 10001
		}
		require.Equal(t, want, o.WorkflowVersion, "a new root begins under the version that it follows, whatever made it")
		versions[want]++
	}
	require.Len(t, versions, 2, "%v", versions)

	p.try(workflow.WholeShare)
	ping()
	for _, o := range list {
		check(o, "TRIED", "1.1", "tried")
	}
	p.try(0)
	ping()
	for _, o := range list {
		check(o, "STABLE", "1.0", "stable")
	}
	p.tell(&nodev1.Configuration{Version: "tried", Artefacts: p.candidate})
	ping()
	for _, o := range list {
		check(o, "TRIED", "1.1", "")
	}
}

// TestATurnEndsUnderTheVersionThatItBeganWith has the share grow to all while a turn is under way: what it sends inline is answered as it began, and the next
// turn is of the candidate.
func TestATurnEndsUnderTheVersionThatItBeganWith(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := newPlane(b)
	b.rules = append(b.rules, others()...)
	b.rules = append(b.rules, rule.New("test", "Between", "Has all work by the candidate.", func(context.Context, *rule.Context, rule.None) error {
		p.try(workflow.WholeShare)
		return nil
	}))
	e := p.node("n1")
	p.try(0)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	for _, want := range []struct{ status, under string }{{"STABLE STABLE", "stable"}, {"TRIED TRIED", "tried"}} {
		_, err := e.RunOnce(b.ctx, b.scope, event(o, "Ping"), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, want.status, b.reload(b.scope, o).Status)
		require.Equal(t, want.under, b.lastTurn(o).Configuration)
	}
}

// others are rules of the plane's workflows besides those of every test.
func others() []rule.Rule {
	return []rule.Rule{
		rule.New("test", "Append", "Adds to the status.", func(_ context.Context, c *rule.Context, p newState) error {
			c.Turn.Set(c.Entity, map[string]any{"status": c.Entity.(*order.Order).Status + p.Status})
			return nil
		}),
		rule.New("test", "Another", "Makes an order like this one, once.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
			o := c.Entity.(*order.Order)
			if _, done := o.Attributes.Get("copied"); done {
				return nil
			}
			c.Turn.Set(o, map[string]any{"attributes": catalogue.Attributes{{Name: "copied", Type: "BOOLEAN", Value: true}}})
			again := &order.Order{Ref: o.Ref + "-again", RetailerID: o.RetailerID, CustomerID: o.CustomerID}
			again.Type = o.Type
			return c.Turn.Create(ctx, again)
		}),
	}
}

// lastTurn is the trail of the newest turn of an order.
func (b *bench) lastTurn(o *order.Order) *history.Trail {
	b.t.Helper()
	rows, err := trailstore.List(b.ctx, b.db.Reader(b.scope), trailstore.Query{RootType: "ORDER", RootID: string(o.ID), Limit: 1, From: time.Unix(0, 0), To: time.Now().Add(time.Hour)})
	require.NoError(b.t, err)
	require.Len(b.t, rows, 1)
	trail, err := history.Decode(&rows[0])
	require.NoError(b.t, err)
	return trail
}

// copies are the orders that rules have made of these.
func (b *bench) copies(list []*order.Order) (out []*order.Order) {
	b.t.Helper()
	typ := domain.Catalogue().Type("Order")
	refs := make([]any, len(list))
	for i, o := range list {
		refs[i] = o.Ref + "-again"
	}
	found, err := b.db.Reader(b.scope).Entities(b.ctx, store.Query{Type: typ, Where: []store.Condition{{Field: typ.Field("ref"), Op: store.In, Values: refs}}, Page: store.Page{First: len(refs)}})
	require.NoError(b.t, err)
	for _, e := range found {
		out = append(out, e.(*order.Order))
	}
	return out
}
