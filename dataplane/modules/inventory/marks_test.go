package inventory_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// base is a BASE catalogue over all locations that is not there yet.
func (h *house) base(ref string) *inventory.VirtualCatalogue {
	like := *h.sold["BASE:1"]
	like.ID, like.Ref = h.id("VirtualCatalogue"), ref
	h.sold[ref] = &like
	return &like
}

func (h *house) create(e any) error {
	return h.db.Write(h.t.Context(), h.scope, func(tx *store.Tx) error { tx.Insert(e); return nil })
}

// loading is a turn that loads one record.
func (h *house) loading(record map[string]any) *ruletest.Turn {
	return h.turn(1, record, func(ctx context.Context, c *rule.Context) error {
		batch, list, err := h.module.Rows(ctx, c)
		h.module.Load(c, h.stock["DEFAULT:1"]).Add(c, batch, list)
		return err
	})
}

func (h *house) rebuilding(ref string) *ruletest.Turn {
	return h.turn(1, nil, func(_ context.Context, c *rule.Context) error {
		h.module.Base(c, h.sold[ref], h.stock["DEFAULT:1"]).Product("P1", "P2")
		return nil
	})
}

// TestEffectsGoByPlacesAsTheyAre changes what a node has in memory for an hour, by rows that another node could have written, and lets stock move.
func TestEffectsGoByPlacesAsTheyAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	loads := 0
	h.hooks.On(storetest.At{Statement: "places.mark", Point: store.Sent}, 1000, func(context.Context, store.Place) error { loads++; return nil })
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P1", "A", 6))
	require.Equal(t, 1, loads, "nothing has changed")

	require.NoError(t, h.create(h.base("NEW:1")))
	h.load(1, "DEFAULT:1", row("P1", "A", 7))
	require.Equal(t, []string{"P1@A 7 ACTIVE"}, h.virtual("NEW:1"), "a catalogue that was made")

	h.sold["GONE:1"].Status = "ACTIVE"
	h.write(func(tx *store.Tx) {
		tx.Update(h.sold["GONE:1"], store.TypeOf[inventory.VirtualCatalogue](h.db).Field("status"))
	})
	h.load(1, "DEFAULT:1", row("P1", "A", 8))
	require.Equal(t, []string{"P1@A 8 ACTIVE"}, h.virtual("GONE:1"), "a catalogue that was activated")

	out := all[foundation.Location](h)
	for _, l := range out {
		if l.Ref == "OUT" {
			network := store.TypeOf[foundation.Network](h.db)
			h.write(func(tx *store.Tx) {
				tx.Link(network.Edge("locations"), catalogue.ID(h.sold["BASE:1"].NetworkIDs[0]), l.ID)
			})
		}
	}
	h.load(1, "DEFAULT:1", row("P1", "OUT", 9))
	require.Contains(t, h.virtual("BASE:1"), "P1@OUT 9 ACTIVE", "a location that a network got")
	require.Equal(t, 4, loads)

	require.NoError(t, h.create(h.base("NEWER:1")))
	h.write(func(tx *store.Tx) {
		for _, q := range h.quantities("DEFAULT:1") {
			q.Quantity++
			tx.Update(q, store.TypeOf[inventory.InventoryQuantity](h.db).Field("quantity"))
		}
	})
	h.must(h.turn(1, nil, func(_ context.Context, c *rule.Context) error {
		h.module.Recount(c, h.stock["DEFAULT:1"]).Product("P1")
		return nil
	}))
	require.Equal(t, []string{"P1@A 9 ACTIVE", "P1@OUT 10 ACTIVE"}, h.virtual("NEWER:1"), "a recount")
	require.Equal(t, 5, loads)

	l := *out[0]
	l.Name = "Another name"
	h.write(func(tx *store.Tx) { tx.Update(&l, store.TypeOf[foundation.Location](h.db).Field("name")) })
	h.load(1, "DEFAULT:1", row("P1", "A", 1))
	require.Equal(t, 5, loads, "no effect goes by names")
}

// TestALocationThatLeavesANetworkSellsNothingThere: its positions in catalogues over that network are emptied by the next rebuild, or as soon as its stock
// moves, and are back once the network has it again.
func TestALocationThatLeavesANetworkSellsNothingThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P1", "B", 6), row("P2", "A", 7))
	network := store.TypeOf[foundation.Network](h.db).Edge("locations")
	everywhere, a := catalogue.ID(h.sold["BASE:1"].NetworkIDs[0]), h.locationID("A")
	move := func(in bool) {
		h.write(func(tx *store.Tx) {
			if in {
				tx.Link(network, everywhere, a)
			} else {
				tx.Unlink(network, everywhere, a)
			}
		})
	}
	there := []string{"P1@A 5 ACTIVE", "P1@B 6 ACTIVE", "P2@A 7 ACTIVE"}
	require.Equal(t, there, h.virtual("BASE:1"))
	move(false)
	h.must(h.rebuilding("BASE:1"))
	require.Equal(t, []string{"P1@A 0 INACTIVE", "P1@B 6 ACTIVE", "P2@A 0 INACTIVE"}, h.virtual("BASE:1"))
	move(true)
	h.must(h.rebuilding("BASE:1"))
	require.Equal(t, there, h.virtual("BASE:1"))
	move(false)
	h.load(1, "DEFAULT:1", row("P1", "A", 8))
	require.Equal(t, []string{"P1@A 0 INACTIVE", "P1@B 6 ACTIVE", "P2@A 7 ACTIVE"}, h.virtual("BASE:1"))
	require.Empty(t, h.virtual("GONE:1"), "what was never there is not made for that")
}

// TestALoadAndANewCatalogueDoNotMissEachOther lets the two meet: whichever is through last knows of the other. After the catalogue comes its rebuild.
func TestALoadAndANewCatalogueDoNotMissEachOther(t *testing.T) {
	t.Parallel()
	for name, meet := range map[string]func(h *house, load, create func() error){
		"the load is first": func(h *house, load, create func() error) {
			at := h.hooks.Stop(storetest.At{Point: store.Committing})
			first := storetest.Go(load)
			at.Arrived()
			second := storetest.Go(create)
			second.Blocked(t, h.dsn)
			at.Release()
			require.NoError(t, first.Wait())
			require.NoError(t, second.Wait())
			require.Empty(t, h.virtual("NEW:1"))
			h.must(h.rebuilding("NEW:1"))
		},
		"the catalogue is first": func(h *house, load, create func() error) {
			at := h.hooks.Stop(storetest.At{Point: store.Committing})
			first := storetest.Go(create)
			at.Arrived()
			second := storetest.Go(load)
			second.Blocked(t, h.dsn)
			at.Release()
			require.NoError(t, first.Wait())
			require.NoError(t, second.Wait())
		},
	} {
		for _, marked := range []bool{true, false} {
			h := newHouse(t)
			if !marked {
				h.sql("DELETE FROM figure_marks") // as in an account that is older than marks
			}
			_, err := h.places.Places(t.Context(), h.scope)
			require.NoError(t, err)
			turn, v := h.loading(row("P1", "A", 7)), h.base("NEW:1")
			meet(h, func() error { _, err := h.commit(turn); return err }, func() error { return h.create(v) })
			require.Contains(t, h.virtual("NEW:1"), "P1@A 7 ACTIVE", "%s, marked before: %t", name, marked)
		}
	}
}

// TestARebuildWritesNoFigureThatIsOld stops a rebuild when it has read the positions.
func TestARebuildWritesNoFigureThatIsOld(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	rebuild, load := h.rebuilding("BASE:1"), h.loading(row("P1", "A", 7))
	at := h.hooks.Stop(storetest.At{Point: store.Sent, Statement: "stock.catalogue"})
	first := storetest.Go(func() error { _, err := h.commit(rebuild); return err })
	at.Arrived()
	second := storetest.Go(func() error { _, err := h.commit(load); return err })
	second.Blocked(t, h.dsn)
	at.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Equal(t, []string{"P1@A 7 ACTIVE"}, h.virtual("BASE:1"))
}

func (h *house) sql(text string) {
	c, err := pgx.Connect(h.t.Context(), h.dsn)
	require.NoError(h.t, err)
	defer func() { _ = c.Close(context.Background()) }()
	_, err = c.Exec(h.t.Context(), text)
	require.NoError(h.t, err)
}

// TestFiguresRestOnWhatIsThere: a figure that rests on a field that has another name by now would never be marked.
func TestFiguresRestOnWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"Location.gone", "Gone.ref", "Location"} {
		_, err := domain.Catalogue().Figures([]catalogue.Figure{{Name: "f", RestsOn: []string{path}, Means: "Nothing."}})
		require.ErrorContains(t, err, "derived figure f rests on "+path)
	}
	for _, f := range []catalogue.Figure{{Means: "Nothing."}, {Name: "f"}} {
		_, err := domain.Catalogue().Figures([]catalogue.Figure{f})
		require.ErrorContains(t, err, "want a name of its own, and what a mark means")
	}
}

func (h *house) locationID(ref string) catalogue.ID {
	h.t.Helper()
	for _, l := range all[foundation.Location](h) {
		if l.Ref == ref {
			return l.ID
		}
	}
	require.FailNow(h.t, "there is no such location", ref)
	return ""
}
