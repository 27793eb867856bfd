package inventory_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// TestWhatIsStoredMayBeOlderThanALimit: loads once took longer storage areas and names of attributes. Such a quantity is counted all the same, and keeps
// both, until a record says another area.
func TestWhatIsStoredMayBeOlderThanALimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	long := strings.Repeat("x", 256)
	h.load(1, "DEFAULT:1", row("P1", "A", 1))
	q := h.quantities("DEFAULT:1")["LAST_ON_HAND:P1:A"]
	q.StorageAreaRef, q.Attributes = long, append(q.Attributes, catalogue.Attribute{Name: long, Type: "STRING", Value: "v"})
	h.write(func(tx *store.Tx) {
		typ := domain.Catalogue().TypeOf(q)
		tx.Update(q, typ.Field("storageAreaRef"), typ.Field("attributes"))
	})
	stored := func() []any {
		q := h.quantities("DEFAULT:1")["LAST_ON_HAND:P1:A"]
		v, _ := q.Attributes.Get(long)
		return []any{q.Quantity, q.StorageAreaRef, v}
	}
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 2), row("P2", "A", 3)})[0]))
	require.Equal(t, []any{2, long, "v"}, stored())
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{with(row("P1", "A", 4), "storageAreaRef", "S2"), row("P2", "A", 5)})[0]))
	require.Equal(t, []any{4, "S2", "v"}, stored())
}

// TestRecordsThatNoFieldHoldsFailAlone: what is too long for a quantity is refused, and the rest of the batch is loaded.
func TestRecordsThatNoFieldHoldsFailAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	long := strings.Repeat("x", 101)
	attribute := []map[string]any{{"name": strings.Repeat("n", 256), "type": "STRING", "value": "v"}}
	got := h.results(h.batches(1, "DEFAULT:1", []map[string]any{
		with(row("P1", "A", 1), "status", long), with(row("P2", "A", 2), "storageAreaRef", long), with(row("P3", "A", 3), "attributes", attribute), row(long, "A", 4),
	})[0])
	require.Equal(t, []string{
		"400 status: the text has 101 characters, at most 50 are allowed", "400 storageAreaRef: the text has 101 characters, at most 100 are allowed",
		"400 attributes[0].name: the text has 256 characters, at most 255 are allowed", "",
	}, got)
	require.Equal(t, []string{long + ":A 4 CREATED"}, h.positions("DEFAULT:1"), "a position's ref is as long as those of product and location make it")
}

// byHand makes a position as createInventoryPosition does.
func (h *house) byHand(ref, product, location string) *inventory.InventoryPosition {
	h.t.Helper()
	p := &inventory.InventoryPosition{Ref: ref, ProductRef: product, LocationRef: location, CatalogueID: h.stock["DEFAULT:1"].ID}
	p.ID, p.Type, p.Status = h.db.NewUUID(), "DEFAULT", "ACTIVE"
	h.write(func(tx *store.Tx) { tx.Insert(p) })
	return p
}

// TestRefsThatWereGivenByHandCostTheirRecordsAlone: a load makes refs of positions and quantities from what a record names. Others may have them, and the
// catalogue has each once.
func TestRefsThatWereGivenByHandCostTheirRecordsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.byHand("P1:A", "P2", "B")
	h.write(func(tx *store.Tx) {
		for _, ref := range []string{"LAST_ON_HAND:P3:B", "DELTA:P3:A:E1"} {
			q := &inventory.InventoryQuantity{Ref: ref, CatalogueID: other.CatalogueID, PositionID: other.ID, Quantity: 1}
			q.ID, q.Type, q.Status, q.CreatedOn = h.db.NewUUID(), "EXPECTED", "ACTIVE", tx.Now()
			tx.Insert(q)
		}
	})
	for range 2 {
		require.Equal(t, []string{
			"C0123E skuRef: P1:A is the position of P2 at B", "C0123E ref: LAST_ON_HAND:P3:B is a quantity of P1:A", "C0123E ref: DELTA:P3:A:E1 is a quantity of P1:A",
		}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 5), row("P3", "B", 6), with(row("P3", "A", 7), "type", "DELTA", "externalRef", "E1"), row("P3", "A", 8), row("P2", "B", 9)})[0])[:3])
	}
	require.Equal(t, []string{"P1:A 9 ACTIVE", "P3:A 8 ACTIVE"}, h.positions("DEFAULT:1"), "P1:A is what P2's at B is called")
}

// TestAPositionThatWasMadeByHandTakesRecordsAgain: its own ref is not the one that quantities' refs are made of.
func TestAPositionThatWasMadeByHandTakesRecordsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine := h.byHand("MINE", "P1", "A")
	records := []map[string]any{with(row("P1", "A", 2), "type", "DELTA", "externalRef", "E1"), row("P1", "A", 5), with(row("P1", "A", 3), "type", "EXPECTED", "externalRef", "E2", "status", "INACTIVE")}
	for range 2 {
		id := h.batches(1, "DEFAULT:1", records)[0]
		for _, result := range h.results(id) {
			require.Contains(t, []string{"", "UNCHANGED"}, result)
		}
	}
	require.Len(t, h.quantities("DEFAULT:1"), 3, "each once")
	rows, err := jobs.Rows(t.Context(), h.db.Reader(h.scope), h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 5)})[0], 0, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"MINE", string(mine.ID), "UNCHANGED"}, []string{rows[0].EntityRef, rows[0].EntityID, rows[0].Message})
}

// TestASumIsMadeOnce, however often a turn asks for it.
func TestASumIsMadeOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	h.must(h.turn(1, nil, func(_ context.Context, c *rule.Context) error {
		sums := h.module.Aggregates(c, h.sold["AGG:1"], []string{"ACTIVE"})
		sums.Product("P1", "P1")
		sums.Product("P1")
		return nil
	}))
	require.Equal(t, []string{"P1@AGG:1 5 ACTIVE"}, h.virtual("AGG:1"))
}
