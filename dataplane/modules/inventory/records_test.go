package inventory_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
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
