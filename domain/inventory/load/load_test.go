package load_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

func at(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }

func known() *load.Known {
	return &load.Known{Locations: map[string]string{"A": "ACTIVE", "B": "ACTIVE", "OFF": "INACTIVE"},
		Products: map[string]string{"P1": "ACTIVE", "P2": "ACTIVE", "OLD": "INACTIVE"}, Positions: map[string]*load.Position{}, Refs: map[string]string{}}
}

// stored turns merged positions into what a later load would read.
func stored(k *load.Known) *load.Known {
	for ref, p := range k.Positions {
		p.ID, p.OldOnHand, p.OldStatus, p.Touched = ref, p.OnHand, p.Status, false
		for _, q := range p.Quantities {
			q.ID, q.Changed = q.Ref, false
		}
	}
	return k
}

func merge(t *testing.T, k *load.Known, when time.Time, rows ...load.Row) []load.Outcome {
	t.Helper()
	out := load.Merge(rows, k, load.Clock{Received: when, Batch: when.Format("1504")})
	require.Len(t, out, len(rows))
	return out
}

func TestFirstCountCreatesPositionAndQuantity(t *testing.T) {
	t.Parallel()
	k := known()
	out := merge(t, k, at(0, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5}, load.Row{ProductRef: "P1", LocationRef: "NOWHERE", Quantity: 5})
	require.Equal(t, load.OutcomeCreated, out[0].Outcome)
	require.Equal(t, load.OutcomeFailed, out[1].Outcome)
	require.Equal(t, "locationRef", out[1].Field)
	p := k.Positions["P1:A"]
	require.Equal(t, 5, p.OnHand)
	require.Equal(t, stock.Active, p.Status)
	require.True(t, p.Moved())
	require.Len(t, k.Positions, 1)
}

func TestRecountChangesTheSameQuantityAndRepeatsAreUnchanged(t *testing.T) {
	t.Parallel()
	k := known()
	merge(t, k, at(0, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5, AsOf: at(0, 0)})
	stored(k)
	out := merge(t, k, at(6, 1), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7, AsOf: at(6, 0)})
	require.Equal(t, load.OutcomeUpdated, out[0].Outcome)
	require.Len(t, k.Positions["P1:A"].Quantities, 1)
	require.Equal(t, 7, k.Positions["P1:A"].OnHand)
	stored(k)
	out = merge(t, k, at(6, 5), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7, AsOf: at(6, 0)})
	require.Equal(t, load.OutcomeUnchanged, out[0].Outcome)
	require.False(t, k.Positions["P1:A"].Touched)
	require.False(t, k.Positions["P1:A"].Moved())
	out = merge(t, k, at(6, 6), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 4, AsOf: at(5, 0)})
	require.Equal(t, load.OutcomeStale, out[0].Outcome)
}

func TestCountKeepsLaterMovementsAndReservations(t *testing.T) {
	t.Parallel()
	k := known()
	merge(t, k, at(0, 0), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 8, AsOf: at(0, 0)})
	stored(k)
	merge(t, k, at(10, 0), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: -2, Type: stock.Delta})
	require.Equal(t, 6, k.Positions["P1:B"].OnHand)
	stored(k)
	merge(t, k, at(10, 30), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 8, AsOf: at(9, 0)})
	require.Equal(t, 6, stored(k).Positions["P1:B"].OnHand, "the movement is later than the count")
	merge(t, k, at(12, 0), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 6, AsOf: at(11, 30)})
	require.Equal(t, 6, k.Positions["P1:B"].OnHand, "the count includes the movement")
	stored(k)
	merge(t, k, at(12, 5), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 4, Type: stock.Delta})
	require.Equal(t, 10, k.Positions["P1:B"].OnHand)
	stored(k)
	k.Positions["P1:B"].Quantities = append(k.Positions["P1:B"].Quantities,
		&load.Quantity{ID: "r", Ref: "9:RESERVED:P1:B", Type: stock.Reserved, Status: stock.Active, Quantity: -3, CreatedOn: at(12, 6)},
		&load.Quantity{ID: "s", Ref: "8:SALE:P1:B", Type: stock.Sale, Status: stock.Active, Quantity: -1, CreatedOn: at(12, 6)})
	merge(t, k, at(23, 1), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 9, AsOf: at(23, 0)})
	require.Equal(t, 6, k.Positions["P1:B"].OnHand, "the reservation stays, the sale is in the count")
}

func TestStatusFollowsMasterData(t *testing.T) {
	t.Parallel()
	k := known()
	merge(t, k, at(0, 0), load.Row{ProductRef: "NEW", LocationRef: "A", Quantity: 1}, load.Row{ProductRef: "OLD", LocationRef: "A", Quantity: 1},
		load.Row{ProductRef: "P1", LocationRef: "OFF", Quantity: 1})
	require.Equal(t, stock.Created, k.Positions["NEW:A"].Status)
	require.Equal(t, stock.Inactive, k.Positions["OLD:A"].Status)
	require.Equal(t, stock.Inactive, k.Positions["P1:OFF"].Status)
}

func TestParseNamesTheMemberAtFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, field string }{
		{`{}`, "skuRef"}, {`{"locationRef":"A","qty":1}`, "skuRef"}, {`{"skuRef":"","locationRef":"A","qty":1}`, "skuRef"},
		{`{"skuRef":"P","locationRef":"A"}`, "qty"}, {`{"skuRef":"P","locationRef":"A","qty":"1"}`, "qty"},
		{`{"skuRef":"P","locationRef":"A","qty":1.5}`, "qty"}, {`{"skuRef":"P","locationRef":"A","qty":3000000000}`, "qty"},
		{`{"skuRef":"P","locationRef":"A","qty":-1}`, "qty"}, {`{"skuRef":"P","locationRef":{},"qty":1}`, "locationRef"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"expectedOn":"soon"}`, "expectedOn"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"attributes":7}`, "attributes"}, {`[1]`, ""},
		{`{"skuRef":"P","locationRef":"A","qty":1,"attributes":{"":1}}`, "attributes"}, {`{"skuRef":"P","locationRef":"A","qty":1,"attributes":[{"value":1}]}`, "attributes"},
		{`{"skuRef":" P","locationRef":"A","qty":1}`, "skuRef"}, {`{"skuRef":"P","locationRef":"A\u0009","qty":1}`, "locationRef"}, {`{"skuRef":"P","locationRef":"A","qty":1,"ref":"R "}`, "ref"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"externalRef":"a\u0000b"}`, "externalRef"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"attributes":{"asOf":"soon"}}`, "attributes.asOf"}, {`{"skuRef":"P","locationRef":"A","qty":1,"attributes":{"asOf":7}}`, "attributes.asOf"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"asOf":"9999-12-31T23:00:00-02:00"}`, "asOf"}, {`{"skuRef":"P","locationRef":"A","qty":1,"expiry":"0000-01-01T01:00:00+02:00"}`, "expiry"},
		{`{"skuRef":"P","locationRef":"A","qty":1,"asOf":"0001-01-01T00:00:00Z"}`, "asOf"}, // a program's time for none must not be read as now
		{`{"skuRef":"P","locationRef":"A","qty":1,"asOf":"0001-01-01T00:00:00"}`, "asOf"}, {`{"skuRef":"P","locationRef":"A","qty":1,"expiry":"0001-01-01"}`, "expiry"},
	} {
		r := load.Parse(json.RawMessage(c.raw))
		require.NotEmpty(t, r.Problem, c.raw)
		require.Equal(t, c.field, r.ProblemField, c.raw)
	}
	r := load.Parse(json.RawMessage(`{"skuRef":"P","locationRef":7,"qty":-2,"type":"DELTA","retailerId":2,"attributes":{"asOf":"2026-03-02T06:00:00Z"}}`))
	require.Empty(t, r.Problem)
	require.Equal(t, "7", r.LocationRef)
	require.Equal(t, at(6, 0), r.AsOf)
}

// TestCountsOfTheFutureAreRefused, for all counts until then would be stale; clocks may differ by five minutes.
func TestCountsOfTheFutureAreRefused(t *testing.T) {
	t.Parallel()
	k := known()
	out := merge(t, k, at(6, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5, AsOf: at(6, 6)},
		load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 5, AsOf: at(6, 5)}, load.Row{ProductRef: "P2", LocationRef: "B", Quantity: 5, Effective: at(7, 0)})
	require.Equal(t, []string{load.OutcomeFailed, load.OutcomeCreated, load.OutcomeFailed}, []string{out[0].Outcome, out[1].Outcome, out[2].Outcome})
	require.Equal(t, []string{"asOf", "", "effectiveFrom"}, []string{out[0].Field, out[1].Field, out[2].Field})
	require.Len(t, k.Positions, 1)
}

// TestAnUnchangedCountWithoutTimeIsAsNewAsItsReceipt: an older one is stale afterwards, and a sale from before it is in it.
func TestAnUnchangedCountWithoutTimeIsAsNewAsItsReceipt(t *testing.T) {
	t.Parallel()
	k := known()
	merge(t, k, at(6, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5})
	stored(k)
	out := merge(t, k, at(8, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5})
	require.Equal(t, load.OutcomeUnchanged, out[0].Outcome)
	require.True(t, k.Positions["P1:A"].Quantities[0].Changed)
	stored(k)
	out = merge(t, k, at(9, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 4, AsOf: at(7, 0)})
	require.Equal(t, load.OutcomeStale, out[0].Outcome)
}

// TestAMovementWithARefCountsOnce, also after a count that has it.
func TestAMovementWithARefCountsOnce(t *testing.T) {
	t.Parallel()
	k := known()
	delta := load.Row{ProductRef: "P1", LocationRef: "A", Quantity: -2, Type: stock.Delta, ExternalRef: "till-7"}
	merge(t, k, at(6, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 9}, delta, delta)
	require.Equal(t, 7, k.Positions["P1:A"].OnHand)
	stored(k)
	merge(t, k, at(7, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7})
	stored(k)
	out := merge(t, k, at(8, 0), delta)
	require.Equal(t, load.OutcomeUnchanged, out[0].Outcome)
	require.Equal(t, 7, k.Positions["P1:A"].OnHand)
}

// TestWordsThatNobodyKnowsAreRefused with the nearest that somebody does.
func TestWordsThatNobodyKnowsAreRefused(t *testing.T) {
	t.Parallel()
	known := []string{"LAST_ON_HAND", "DELTA"}
	r := load.Row{}
	r.Know("type", "", known)
	r.Know("type", "DELTA", known)
	require.Empty(t, r.Problem)
	r.Know("type", "LAST_ONHAND", known)
	require.Equal(t, "type", r.ProblemField)
	require.Contains(t, r.Problem, "Did you mean LAST_ON_HAND?")
	r.Know("status", "X", known)
	require.Equal(t, "type", r.ProblemField, "the first problem is told")
}

// TestWhatARecordSaysBesideIsKept: members that are the caller's, and attributes; a count that says them anew changes something.
func TestWhatARecordSaysBesideIsKept(t *testing.T) {
	t.Parallel()
	r := load.Parse(json.RawMessage(`{"skuRef":"P1","locationRef":"A","qty":5,"lot":"L1","uom":"EA","correctedQty":3,"attributes":{"bin":"7"}}`))
	require.Empty(t, r.Problem)
	for name, want := range map[string]any{"lot": "L1", "uom": "EA", "correctedQty": "3", "bin": "7"} {
		got, _ := r.Attributes.Get(name)
		require.Equal(t, want, got, name)
	}
	k := known()
	merge(t, k, at(6, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5})
	stored(k)
	require.Equal(t, load.OutcomeUpdated, merge(t, k, at(6, 1), r)[0].Outcome)
	stored(k)
	require.Equal(t, load.OutcomeUnchanged, merge(t, k, at(6, 2), r)[0].Outcome)
	lot, _ := k.Positions["P1:A"].Quantities[0].Attributes.Get("lot")
	require.Equal(t, "L1", lot)
}

// TestACountWithoutZoneIsReadInThatOfItsLocation, and the record says so.
func TestACountWithoutZoneIsReadInThatOfItsLocation(t *testing.T) {
	t.Parallel()
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	for _, raw := range []string{`{"skuRef":"P","locationRef":"A","qty":1,"asOf":"2026-03-02T09:00:00"}`, `{"skuRef":"P","locationRef":"A","qty":1,"attributes":{"asOf":"2026-03-02T09:00:00"}}`} {
		r := load.Parse(json.RawMessage(raw))
		require.Equal(t, "2026-03-02T09:00:00", r.AsOfText)
		r.In(sydney)
		require.Equal(t, time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC), r.AsOf)
		require.Contains(t, r.Note, "Australia/Sydney")
		require.Empty(t, r.AsOfText)
	}
	require.Empty(t, load.Parse(json.RawMessage(`{"skuRef":"P","locationRef":"A","qty":1,"asOf":"2026-03-02T09:00:00+01:00"}`)).AsOfText)
}

// TestASumThatTheFieldCannotCarryIsCappedAndMarked, until it can again.
func TestASumThatTheFieldCannotCarryIsCappedAndMarked(t *testing.T) {
	t.Parallel()
	k := known()
	most := load.Row{ProductRef: "P1", LocationRef: "A", Quantity: math.MaxInt32}
	more := load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 1, Type: stock.Delta}
	merge(t, k, at(6, 0), most, more)
	p := k.Positions["P1:A"]
	require.Equal(t, math.MaxInt32, p.OnHand)
	require.True(t, p.Capped)
	stored(k)
	p.OldCapped = true
	merge(t, k, at(7, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: math.MaxInt32, AsOf: at(7, 0)})
	require.Equal(t, math.MaxInt32, p.OnHand)
	require.False(t, p.Capped)
	require.True(t, p.Moved())
}

// TestOnHandIsTheSumOfWhatIsLeft: after any rows, a touched position's on hand is the sum of its active quantities, there is
// one count per position, and merging the same counts again changes no figure.
func TestOnHandIsTheSumOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := known()
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			var rows []load.Row
			for range rapid.IntRange(1, 8).Draw(t, "rows") {
				rows = append(rows, load.Row{ProductRef: rapid.SampledFrom([]string{"P1", "P2", "NEW"}).Draw(t, "product"),
					LocationRef: rapid.SampledFrom([]string{"A", "B", "X"}).Draw(t, "location"),
					Type:        rapid.SampledFrom([]string{"", "DELTA", "EXPECTED"}).Draw(t, "type"),
					Quantity:    rapid.IntRange(0, 9).Draw(t, "quantity"), AsOf: at(rapid.IntRange(0, 23).Draw(t, "hour"), 0)})
			}
			load.Merge(rows, k, load.Clock{Received: at(rapid.IntRange(0, 23).Draw(t, "received"), 1), Batch: "b"})
			for ref, p := range k.Positions {
				sum, counts := 0, 0
				for _, q := range p.Quantities {
					if q.Status == stock.Active && stock.OnHandType(q.Type) {
						sum += q.Quantity
					}
					if q.Type == stock.LastOnHand {
						counts++
					}
				}
				require.Equal(t, sum, p.OnHand, ref)
				require.LessOrEqual(t, counts, 1, ref)
			}
			stored(k)
		}
	})
}
