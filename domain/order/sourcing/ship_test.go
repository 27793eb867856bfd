package sourcing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "leaves cancels- gathers-", "PARTIAL": "leaves cancels- gathers-", "COMPLETE": "waits cancels- gathers-",
		"COMPLETE_OR_CANCEL": "waits cancels gathers-", "ONE_PARCEL": "waits cancels- gathers"} {
		p, err := sourcing.ParsePolicy(text)
		require.NoError(t, err)
		say := func(yes bool, what, not string) string {
			if yes {
				return what
			}
			return not
		}
		require.Equal(t, want, say(p.MayLeave(1, 2), "leaves", "waits")+" "+say(p.Cancels(1), "cancels", "cancels-")+" "+say(p.Gathers(2), "gathers", "gathers-"), text)
		require.Equal(t, []bool{true, false, false, false}, []bool{p.MayLeave(2, 2), p.MayLeave(0, 2), p.Cancels(0), p.Gathers(1)}, text)
	}
	_, err := sourcing.ParsePolicy("SOON")
	require.ErrorContains(t, err, "SOON")
}

// TestConsolidation: to where the parts of an order go, and which of them.
func TestConsolidation(t *testing.T) {
	t.Parallel()
	r := request(need("1", "P2", 2, 120), need("2", "P3", 5, 30))
	split, _, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	legs := func(plan *sourcing.Plan, kind string) string {
		c, err := sourcing.Consolidate(plan, kind, r)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, l := range c.Legs {
			require.Equal(t, c.At, l.To)
			out = append(out, text(&sourcing.Plan{Fulfilments: []sourcing.Allocation{{Ref: l.From, Lines: l.Lines}}}))
		}
		return c.At + " ← " + strings.Join(out, " ")
	}
	require.Equal(t, "STORE_A ← STORE_B[P3×1]", legs(split, sourcing.AtLargest))
	require.Equal(t, "DEPOT ← STORE_A[P2×2 P3×4] STORE_B[P3×1]", legs(split, sourcing.AtDC), "no warehouse supplies: the nearest one")
	require.Equal(t, "consolidate at PICKUP: the order is not collected", legs(split, sourcing.AtPickup))
	r.PickupLocation = "STORE_B"
	require.Equal(t, "STORE_B ← STORE_A[P2×2 P3×4]", legs(split, sourcing.AtPickup))
	r.PickupLocation = "STORE_C"
	require.Equal(t, "STORE_C ← STORE_A[P2×2 P3×4] STORE_B[P3×1]", legs(split, sourcing.AtPickup))
	require.Contains(t, legs(split, "MOON"), "DC, PICKUP or LARGEST")
	half := []sourcing.Need{need("1", "P2", 2, 120)}
	equal := &sourcing.Plan{Fulfilments: []sourcing.Allocation{{Ref: "STORE_C", Lines: half}, {Ref: "STORE_A", Lines: half}}}
	require.Equal(t, "STORE_C ← STORE_A[P2×2]", legs(equal, sourcing.AtLargest), "of equals the better ranked")
	require.Equal(t, "consolidate at LARGEST: there is no fulfilment", legs(&sourcing.Plan{}, sourcing.AtLargest))

	for i := range r.Locations {
		switch l := &r.Locations[i]; l.Ref {
		case "DEPOT":
			l.Point = nil
		case "DC1":
			l.Point = &sourcing.Point{Longitude: 170}
		}
	}
	require.Equal(t, "DC1 ← STORE_A[P2×2 P3×4] STORE_B[P3×1]", legs(split, sourcing.AtDC), "a warehouse of which nobody knows where it is comes last")
	for i := range r.Locations {
		r.Locations[i].NeverOpens = r.Locations[i].Ref == "DC1"
	}
	require.Equal(t, "DEPOT ← STORE_A[P2×2 P3×4] STORE_B[P3×1]", legs(split, sourcing.AtDC))
	r = request(need("1", "P1", 100, 50), need("2", "P3", 4, 30))
	split, _, err = sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "DC1 ← STORE_A[P1×5 P3×4]", legs(split, sourcing.AtDC), "one that supplies itself")
	r.Locations = nil
	require.Equal(t, "DC1 ← STORE_A[P1×5 P3×4]", legs(split, sourcing.AtDC))
	split.Fulfilments = split.Fulfilments[:1]
	require.Equal(t, "consolidate at DC: there is no warehouse", legs(split, sourcing.AtDC))
}

// TestAStrategyConsolidates its split plans; a fault in that leaves the plan as it is.
func TestAStrategyConsolidates(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].ConsolidateAt, p.Fallback[0].ConsolidateAt = sourcing.AtLargest, sourcing.AtLargest
	require.NoError(t, p.Prepare(nil))
	r := request(need("1", "P2", 2, 120), need("2", "P3", 5, 30))
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "STORE_A", plan.Consolidation.At)
	require.Len(t, plan.Consolidation.Legs, 1)
	require.Empty(t, attempts[0].Fault)
	plan, _, err = sourcing.Fallback(p, request(need("1", "P3", 25, 30)))
	require.NoError(t, err)
	require.Equal(t, "STORE_B", plan.Consolidation.At)
	plan, _, err = sourcing.Primary(p, request(need("1", "P1", 1, 120)))
	require.NoError(t, err)
	require.Nil(t, plan.Consolidation, "there is nothing to bring together")

	p = sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].ConsolidateAt = sourcing.AtPickup
	plan, attempts, err = sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Nil(t, plan.Consolidation)
	require.Equal(t, "consolidate at PICKUP: the order is not collected", attempts[0].Fault)
	p.Strategies[0].ConsolidateAt = "MOON"
	require.ErrorContains(t, p.Prepare(nil), "MOON")
	p.Strategies[0].ConsolidateAt, p.Strategies[0].SplitPreference = "", "LUCK"
	require.ErrorContains(t, p.Prepare(nil), "LUCK")
}

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func TestBackorders(t *testing.T) {
	t.Parallel()
	b := sourcing.Backorders{Enabled: true, Never: map[string]bool{"P9": true}, Inbound: []sourcing.Inbound{
		{"E3", "STORE_A", "P2", 100, time.Time{}}, {"E2", "DC1", "P2", 4, day(12)}, {"E1", "DC1", "P2", 3, day(10)}, {"E4", "STORE_B", "P2", 1, day(11)}, {"E5", "DC1", "P1", 5, day(9)}}}
	rest := b.Backorder([]sourcing.Need{need("1", "P2", 6, 120), need("2", "P2", 3, 120), need("3", "P1", 7, 50), need("4", "P9", 1, 1), need("5", "P3", 1, 1)})
	require.Equal(t, []sourcing.Awaited{
		{LocationRef: "DC1", Lines: []sourcing.Need{need("1", "P2", 5, 120), need("2", "P2", 2, 120), need("3", "P1", 5, 50)}, ExpectedOn: day(12),
			From: []sourcing.Reservation{{"E1", "1", 3}, {"E2", "1", 2}, {"E2", "2", 2}, {"E5", "3", 5}}},
		{LocationRef: "STORE_B", Lines: []sourcing.Need{need("1", "P2", 1, 120)}, From: []sourcing.Reservation{{"E4", "1", 1}}, ExpectedOn: day(11)},
		{LocationRef: "STORE_A", Lines: []sourcing.Need{need("2", "P2", 1, 120)}, From: []sourcing.Reservation{{"E3", "2", 1}}},
	}, rest.Awaited)
	require.Equal(t, []sourcing.Need{need("3", "P1", 2, 50), need("5", "P3", 1, 1)}, rest.Waiting)
	require.Equal(t, []sourcing.Need{need("4", "P9", 1, 1)}, rest.Refused)
	require.Equal(t, []bool{true, false}, []bool{rest.Backordered(0), rest.Backordered(1)})
	require.Equal(t, 4, b.Inbound[1].Free, "what was given stays as it is")

	b.Enabled = false
	rest = b.Backorder([]sourcing.Need{need("1", "P2", 6, 120)})
	require.Equal(t, sourcing.Rest{Refused: []sourcing.Need{need("1", "P2", 6, 120)}}, rest)
	require.False(t, rest.Backordered(0))
}

// TestBackordersAddUp: whatever comes in, each unit is awaited, waits or is refused, none twice, and no inbound gives more than it has.
func TestBackordersAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := sourcing.Backorders{Enabled: true, Never: map[string]bool{"P0": rapid.Bool().Draw(t, "never")}}
		for i := range rapid.IntRange(0, 6).Draw(t, "inbound") {
			b.Inbound = append(b.Inbound, sourcing.Inbound{Ref: fmt.Sprint("E", i), LocationRef: fmt.Sprint("L", i%3), ProductRef: fmt.Sprint("P", i%2), Free: rapid.IntRange(0, 4).Draw(t, "free"), ExpectedOn: day(1 + i)})
		}
		left, free := map[string]int{}, map[string]int{}
		var needs []sourcing.Need
		for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
			needs = append(needs, need(fmt.Sprint(i), fmt.Sprint("P", i%3), rapid.IntRange(1, 5).Draw(t, "units"), 1))
			left[fmt.Sprint(i)] = needs[i].Quantity
		}
		for _, in := range b.Inbound {
			free[in.Ref] = in.Free
		}
		rest := b.Backorder(needs)
		for _, a := range rest.Awaited {
			lines := 0
			for _, n := range a.Lines {
				lines += n.Quantity
			}
			for _, f := range a.From {
				free[f.Inbound] -= f.Quantity
				left[f.ItemID] -= f.Quantity
				lines -= f.Quantity
			}
			require.Zero(t, lines)
		}
		for _, n := range append(rest.Waiting, rest.Refused...) {
			left[n.ItemID] -= n.Quantity
		}
		for _, n := range left {
			require.Zero(t, n)
		}
		for _, n := range free {
			require.GreaterOrEqual(t, n, 0)
		}
	})
}

func TestWhoIsServedFirst(t *testing.T) {
	t.Parallel()
	list := []sourcing.Waiter{{"O1", "BRONZE", day(1)}, {"O2", "GOLD", day(5)}, {"O4", "GOLD", day(3)}, {"O3", "GOLD", day(3)}, {"O5", "SILVER", day(2)}}
	refs := func() (out string) {
		for _, w := range list {
			out += w.OrderRef + " "
		}
		return out
	}
	sourcing.Queue(list, nil)
	require.Equal(t, "O1 O5 O3 O4 O2 ", refs())
	sourcing.Queue(list, []string{"GOLD"})
	require.Equal(t, "O3 O4 O2 O1 O5 ", refs())
	sourcing.Queue(list, []string{"SILVER", "GOLD"})
	require.Equal(t, "O5 O3 O4 O2 O1 ", refs())
}

func TestPreorders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     string
		releases []time.Time
		held     bool
		until    time.Time
	}{
		{"HD", nil, false, time.Time{}}, {"HD", []time.Time{day(1), day(4)}, false, time.Time{}}, {"HD", []time.Time{day(9), day(2), day(7)}, true, day(9)},
		{"PREORDER", nil, true, time.Time{}}, {"PREORDER", []time.Time{day(6)}, true, day(6)},
	} {
		held, until := sourcing.Preorder(c.kind, c.releases, day(4))
		require.Equal(t, []any{c.held, c.until}, []any{held, until}, "%+v", c)
	}
}
