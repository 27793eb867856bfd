package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

// category plants one of a catalogue of retailer 1, below another one.
func (b *bench) category(ref string, below catalogue.ID) *inventory.Category {
	b.t.Helper()
	c := b.entity(domain.Catalogue().Type("Category")).(*inventory.Category)
	c.Ref, c.CatalogueID, c.ParentCategoryID = ref, "1", below
	b.plant(nil, c)
	return c
}

// TestPathsFollowWhatTheTurnDid: what is stored is read once, and what the turn then moves from one entity to another, or ties to it from either end, is
// found where it is now.
func TestPathsFollowWhatTheTurnDid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.plant(nil, &inventory.ProductCatalogue{Node: catalogue.Node{ID: "1"}, Ref: "MASTER", Name: "Master", RetailerRefs: []string{"1"}})
	from, to := b.category("FROM", ""), b.category("TO", "")
	b.category("STAYS", from.ID)
	moves := b.category("MOVES", from.ID)
	o := b.orders(b.scope, 1)[0]
	f := b.fulfilment(o, "F", "CREATED")
	old := b.entity(domain.Catalogue().Type("Article")).(*order.Article)
	old.Ref, old.OrderID = "OLD", o.ID
	b.plant([]storetest.Link{{Edge: domain.Catalogue().Type("Article").Edge("fulfilments"), Owner: old.ID, Target: f.ID}}, old)

	var said []string
	b.looking(func(ctx context.Context, c *rule.Context) error {
		say := func(e any, p string) {
			found, _ := path.All(rule.EntityView(c.Types, c.Root, e), p)
			refs := make([]string, len(found))
			for i, ref := range found {
				refs[i] = path.Text(ref)
			}
			slices.Sort(refs)
			said = append(said, strings.Join(refs, " "))
		}
		own := map[string]any{}
		for _, like := range []*inventory.Category{from, to, moves} {
			found, err := c.Read.Get(ctx, c.Types.Type("Category"), like.ID)
			if err != nil {
				return err
			}
			own[like.Ref] = found
		}
		say(own["FROM"], "childCategories.ref")
		say(own["TO"], "childCategories.ref")
		c.Turn.Set(own["MOVES"], map[string]any{"parentCategory": to.ID})
		say(own["FROM"], "childCategories.ref")
		say(own["TO"], "childCategories.ref")

		parcel := c.Root.Find("FULFILMENT", "", "F")
		say(parcel, "articles.ref")
		for _, ref := range []string{"ONE", "OTHER"} {
			a := &order.Article{Ref: ref, OrderID: o.ID}
			if err := c.Turn.Create(ctx, a); err != nil {
				return err
			}
			if ref == "ONE" {
				c.Turn.Link(a, "fulfilments", parcel)
			} else {
				c.Turn.Link(parcel, "articles", a)
			}
			say(parcel, "articles.ref")
			say(a, "fulfilments.ref")
		}
		return nil
	})
	b.flow("ACME", on("Go", "ORDER", "", do("Look")))
	e := b.new("n1")
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, []string{"MOVES STAYS", "", "STAYS", "MOVES", "OLD", "OLD ONE", "F", "OLD ONE OTHER", "F"}, said)
}
