package load_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// counted knows P1 at A: 8 new ones and 3 damaged ones, counted at ten, and what moved since, all of it by the hour of its making.
func counted(t *testing.T) *load.Known {
	k := known()
	merge(t, k, at(10, 1), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 8, AsOf: at(10, 0)},
		load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 3, AsOf: at(10, 0), Condition: "DAMAGED"})
	p := k.Positions["P1:A"]
	for _, q := range []load.Quantity{
		{Ref: "S11", Type: stock.Sale, Quantity: -1, CreatedOn: at(11, 0)}, {Ref: "S12", Type: stock.Sale, Quantity: -1, CreatedOn: at(12, 0), Condition: "NEW"},
		{Ref: "C12", Type: stock.Correction, Quantity: -1, CreatedOn: at(12, 0)}, {Ref: "D12", Type: stock.Delta, Quantity: 2, CreatedOn: at(12, 0)},
		{Ref: "X12", Type: stock.Delta, Quantity: -2, CreatedOn: at(12, 0), Condition: "DAMAGED"}, {Ref: "R11", Type: stock.Reserved, Quantity: -3, CreatedOn: at(11, 0)},
		{Ref: "E11", Type: stock.Expected, Quantity: 40, CreatedOn: at(11, 0), ExpectedOn: at(23, 0)}, {Ref: "S13", Type: stock.Sale, Quantity: -1, CreatedOn: at(13, 0)},
	} {
		q.Status = stock.Active
		p.Quantities = append(p.Quantities, &q)
	}
	p.OnHand = 8 - 1 - 1 - 1 + 2 - 3 - 1
	return stored(k)
}

// active lists the refs of a position's active quantities of which some differ between the tests.
func active(p *load.Position) string {
	var out []string
	for _, q := range p.Quantities {
		if q.Status == stock.Active {
			out = append(out, q.Ref)
		}
	}
	return strings.Join(out, " ")
}

const counts = "LAST_ON_HAND:P1:A LAST_ON_HAND:P1:A:DAMAGED "

// TestACountIncludesWhatMovedBeforeIt: what was made at the very moment of the count is included, what was made after it is not; reservations and
// what is expected stay, and what is of another condition does not matter.
func TestACountIncludesWhatMovedBeforeIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		row    load.Row
		when   time.Time
		active string
		onHand int
	}{
		{"before all", load.Row{Quantity: 9, AsOf: at(10, 30)}, at(14, 0), "S11 S12 C12 D12 X12 R11 E11 S13", 9 - 1 - 1 - 1 + 2 - 3 - 1},
		{"at the moment of the last count", load.Row{Quantity: 9, AsOf: at(10, 0)}, at(14, 0), "S11 S12 C12 D12 X12 R11 E11 S13", 4},
		{"just before twelve", load.Row{Quantity: 9, AsOf: at(12, 0).Add(-1)}, at(14, 0), "S12 C12 D12 X12 R11 E11 S13", 9 - 1 - 1 + 2 - 3 - 1},
		{"at twelve", load.Row{Quantity: 9, AsOf: at(12, 0)}, at(14, 0), "X12 R11 E11 S13", 9 - 3 - 1},
		{"without a time: as it was received", load.Row{Quantity: 9}, at(13, 0), "X12 R11 E11", 9 - 3},
		{"NEW is what has no condition", load.Row{Quantity: 9, Condition: "NEW", AsOf: at(12, 0)}, at(14, 0), "X12 R11 E11 S13", 9 - 3 - 1},
		{"of what is damaged", load.Row{Quantity: 9, Condition: "DAMAGED", AsOf: at(12, 0)}, at(14, 0), "S11 S12 C12 D12 R11 E11 S13", 8 - 1 - 1 - 1 + 2 - 3 - 1},
	} {
		k := counted(t)
		c.row.ProductRef, c.row.LocationRef = "P1", "A"
		require.Equal(t, load.OutcomeUpdated, merge(t, k, c.when, c.row)[0].Outcome, c.name)
		p := k.Positions["P1:A"]
		require.Equal(t, counts+c.active, active(p), c.name)
		require.Equal(t, c.onHand, p.OnHand, c.name)
		n, want := 0, []int{9, 3}
		if c.row.Condition == "DAMAGED" {
			n, want = 1, []int{8, 9}
		}
		require.Equal(t, want, []int{p.Quantities[0].Quantity, p.Quantities[1].Quantity}, c.name)
		for _, q := range p.Quantities {
			require.Equal(t, q.Status == stock.Inactive || q == p.Quantities[n], q.Changed, "%s: %s is written only if it changed", c.name, q.Ref)
		}
	}
}

// TestTheSameCountStillIncludes: a count of the same figure is UNCHANGED, and what moved before it falls away all the same.
func TestTheSameCountStillIncludes(t *testing.T) {
	t.Parallel()
	k := counted(t)
	out := merge(t, k, at(14, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 8, AsOf: at(12, 0)})
	require.Equal(t, load.OutcomeUnchanged, out[0].Outcome)
	p := k.Positions["P1:A"]
	require.Equal(t, 8-3-1, p.OnHand)
	require.True(t, p.Touched)
	require.True(t, p.Moved())
	require.Equal(t, at(12, 0), p.Quantities[0].AsOf)
	stored(k)
	for _, c := range []struct {
		asOf time.Time
		want string
	}{{at(11, 59), load.OutcomeStale}, {at(12, 0), load.OutcomeUpdated}} {
		require.Equal(t, c.want, merge(t, k, at(15, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7, AsOf: c.asOf})[0].Outcome, "the count of twelve is known: %s", c.asOf)
	}
	k.Positions["P1:A"].Quantities[0].Status = stock.Inactive
	out = merge(t, k, at(16, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7, AsOf: at(15, 0)})
	require.Equal(t, load.OutcomeUpdated, out[0].Outcome, "a count that was switched off counts again")
	require.Equal(t, stock.Active, k.Positions["P1:A"].Quantities[0].Status)
}

// TestWhatIsExpected: it is known by its ref, it may come on another day, and it is not on hand.
func TestWhatIsExpected(t *testing.T) {
	t.Parallel()
	k := counted(t)
	on := k.Positions["P1:A"].OnHand
	row := load.Row{ProductRef: "P1", LocationRef: "A", Type: stock.Expected, ExternalRef: "PO7", Quantity: 12, ExpectedOn: at(20, 0)}
	p := k.Positions["P1:A"]
	last := func() *load.Quantity { return p.Quantities[len(p.Quantities)-1] }
	for _, c := range []struct {
		name   string
		change func()
		want   string
	}{
		{"it appears", func() {}, load.OutcomeUpdated}, {"once", func() {}, load.OutcomeUnchanged},
		{"it comes later", func() { row.ExpectedOn = at(22, 0) }, load.OutcomeUpdated}, {"more of it comes", func() { row.Quantity = 13 }, load.OutcomeUpdated},
		{"it turns out to be used", func() { row.Condition = "USED" }, load.OutcomeUpdated}, {"nobody says more", func() { row.Condition = "" }, load.OutcomeUnchanged},
		{"it does not come", func() { row.Status = stock.Inactive }, load.OutcomeUpdated}, {"nor will it", func() {}, load.OutcomeUnchanged},
	} {
		c.change()
		stored(k)
		require.Equal(t, c.want, merge(t, k, at(14, 0), row)[0].Outcome, c.name)
		require.Equal(t, c.want == load.OutcomeUpdated, last().Changed, c.name)
		require.Equal(t, []any{"EXPECTED:P1:A:PO7", row.Quantity, row.ExpectedOn}, []any{last().Ref, last().Quantity, last().ExpectedOn}, c.name)
		require.Equal(t, on, p.OnHand, c.name)
		require.False(t, p.Moved(), c.name)
		require.Len(t, p.Quantities, 11, c.name)
	}
	require.Equal(t, []string{"USED", stock.Inactive}, []string{last().Condition, last().Status})
}

// TestMovementsWithoutARefAreAllNew, also two alike in one batch; those with a ref are known again.
func TestMovementsWithoutARefAreAllNew(t *testing.T) {
	t.Parallel()
	k := counted(t)
	delta := load.Row{ProductRef: "P1", LocationRef: "A", Type: stock.Delta, Quantity: 1}
	merge(t, k, at(14, 0), delta, delta)
	stored(k)
	merge(t, k, at(15, 0), delta)
	require.Equal(t, counts+"S11 S12 C12 D12 X12 R11 E11 S13 DELTA:P1:A:1400:0 DELTA:P1:A:1400:1 DELTA:P1:A:1500:0", active(k.Positions["P1:A"]))
	require.Equal(t, 3+3, k.Positions["P1:A"].OnHand)
	for _, named := range []load.Row{{Ref: "MINE"}, {ExternalRef: "MINE"}} {
		k := counted(t)
		named.ProductRef, named.LocationRef, named.Type, named.Quantity = "P1", "A", stock.Delta, 1
		merge(t, k, at(14, 0), named, named)
		stored(k)
		require.Equal(t, load.OutcomeUnchanged, merge(t, k, at(15, 0), named)[0].Outcome)
		require.Equal(t, 3+1, k.Positions["P1:A"].OnHand)
		require.Len(t, sought(named).Others, 1, "active ones, too: they may be another position's")
	}
	require.Empty(t, sought(delta), "nobody can have stored it")
}

// sought are the refs that merging a row may look for.
func sought(r load.Row) (refs load.Refs) {
	refs.Add(&r)
	return refs
}

func TestRefsOfStoredQuantities(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]load.Row{
		"LAST_ON_HAND:P1:A": {}, "MINE": {Ref: "MINE", Condition: "USED"}, "LAST_ON_HAND:P1:A:USED": {Condition: "USED"}, "EXPECTED:P1:A": {Type: stock.Expected, Condition: "USED"},
		"EXPECTED:P1:A:PO": {Type: stock.Expected, ExternalRef: "PO"}, "LAST_ON_HAND:P1:A:PO:USED": {ExternalRef: "PO", Condition: "USED", Type: stock.LastOnHand},
	} {
		r.ProductRef, r.LocationRef = "P1", "A"
		refs := sought(r)
		require.Equal(t, []string{want}, append(refs.Counts, refs.Others...))
		require.Equal(t, strings.HasPrefix(want, stock.LastOnHand), len(refs.Counts) == 1, want)
		r.Condition = "NEW"
		refs = sought(r)
		require.NotContains(t, append(refs.Counts, refs.Others...)[0], "NEW", "what is new has no mark")
	}
}

// TestMasterDataDecidesTheStatus: an unknown product is none, wherever it lies; as soon as it is known its positions count.
func TestMasterDataDecidesTheStatus(t *testing.T) {
	t.Parallel()
	k := known()
	for _, c := range [][3]string{{"P1", "A", stock.Active}, {"NEW", "A", stock.Created}, {"NEW", "OFF", stock.Created}, {"OLD", "A", stock.Inactive}, {"P1", "OFF", stock.Inactive}, {"OLD", "OFF", stock.Inactive}} {
		require.Equal(t, c[2], k.PositionStatus(c[0], c[1]), "%s at %s", c[0], c[1])
	}
	merge(t, k, at(0, 0), load.Row{ProductRef: "NEW", LocationRef: "A", Quantity: 4})
	require.True(t, k.Positions["NEW:A"].Moved())
	stored(k)
	k.Products["NEW"] = "ACTIVE"
	out := merge(t, k, at(1, 0), load.Row{ProductRef: "NEW", LocationRef: "A", Quantity: 4})
	require.Equal(t, load.OutcomeUnchanged, out[0].Outcome)
	merge(t, k, at(2, 0), load.Row{ProductRef: "NEW", LocationRef: "A", Quantity: 4, AsOf: at(1, 30)})
	require.Equal(t, stock.Active, k.Positions["NEW:A"].Status)
	require.True(t, k.Positions["NEW:A"].Moved(), "of its status")
}

// TestACountKeepsAStatusThatSomebodySet, as a recount does, unless product or location no longer allow to sell.
func TestACountKeepsAStatusThatSomebodySet(t *testing.T) {
	t.Parallel()
	for old, want := range map[string]string{"": stock.Active, stock.Created: stock.Active, stock.Inactive: stock.Active, stock.Active: stock.Active, "AT_RISK": "AT_RISK"} {
		k := counted(t)
		k.Positions["P1:A"].Status = old
		merge(t, stored(k), at(14, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 9})
		require.Equal(t, want, k.Positions["P1:A"].Status, old)
	}
	k := counted(t)
	k.Positions["P1:A"].Status, k.Locations["A"] = "AT_RISK", stock.Inactive
	merge(t, stored(k), at(14, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 9})
	require.Equal(t, stock.Inactive, k.Positions["P1:A"].Status)
}

// TestWhatIsRefusedLeavesNothing: neither a position nor a quantity, whatever came before it or comes after.
func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	k := known()
	out := merge(t, k, at(1, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5, Problem: "no", ProblemField: "qty"}, load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 0},
		load.Row{ProductRef: "P2", LocationRef: "NOWHERE", Quantity: 5}, load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 6})
	require.Equal(t, load.Outcome{Row: 0, Outcome: load.OutcomeFailed, Code: "400", Field: "qty", Message: "no"}, out[0])
	require.Equal(t, load.Outcome{Row: 1, Outcome: load.OutcomeCreated, EntityRef: "P1:B"}, out[1])
	require.Equal(t, []any{2, load.OutcomeFailed, "C0120E"}, []any{out[2].Row, out[2].Outcome, out[2].Code})
	require.Equal(t, []any{3, load.OutcomeUpdated}, []any{out[3].Row, out[3].Outcome})
	require.Len(t, k.Positions, 1)
	require.Equal(t, 6, k.Positions["P1:B"].OnHand)
	k = known()
	merge(t, k, at(1, 0), load.Row{ProductRef: "P1", LocationRef: "B", Quantity: 0})
	require.True(t, k.Positions["P1:B"].Moved(), "a new position is news, though nothing is there")
}

// TestAreasStayAndAttributesAdd: what a row does not say stays as it was.
func TestAreasStayAndAttributesAdd(t *testing.T) {
	t.Parallel()
	k := known()
	text := func(name, value string) catalogue.Attribute {
		return catalogue.Attribute{Name: name, Type: "STRING", Value: value}
	}
	merge(t, k, at(0, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 5, StorageArea: "SHELF", Attributes: catalogue.Attributes{text("a", "1"), text("b", "1")}})
	stored(k)
	merge(t, k, at(1, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 6, Attributes: catalogue.Attributes{text("b", "2")}})
	q := k.Positions["P1:A"].Quantities[0]
	require.Equal(t, "SHELF", q.StorageArea)
	require.Equal(t, catalogue.Attributes{text("a", "1"), text("b", "2")}, q.Attributes)
	stored(k)
	merge(t, k, at(2, 0), load.Row{ProductRef: "P1", LocationRef: "A", Quantity: 7, StorageArea: "CELLAR"})
	require.Equal(t, "CELLAR", q.StorageArea)
	require.Equal(t, at(0, 0), q.CreatedOn, "it is the same quantity")
}

func TestBoundsOfRecords(t *testing.T) {
	t.Parallel()
	record := func(members string) load.Row {
		return load.Parse(json.RawMessage(`{"skuRef":"P","locationRef":"A",` + members + `}`))
	}
	long := strings.Repeat("x", 256)
	for members, field := range map[string]string{
		`"qty":2147483647`: "", `"qty":2147483648`: "qty", `"qty":-2147483648,"type":"DELTA"`: "", `"qty":-2147483649,"type":"DELTA"`: "qty",
		`"qty":0`: "", `"qty":null`: "qty", `"qty":-1,"type":"LAST_ON_HAND"`: "qty", `"qty":-1,"type":"EXPECTED"`: "",
		`"qty":1,"ref":"` + long[:255] + `"`: "", `"qty":1,"ref":"` + long + `"`: "ref", `"qty":1,"ref":null`: "", `"qty":1,"ref":true`: "ref",
		`"qty":1,"attributes":[{"name":"","type":"STRING","value":"x"}]`: "attributes", `"qty":1,"expiry":"2026-13-01"`: "expiry",
	} {
		r := record(members)
		require.Equal(t, field, r.ProblemField, members)
		require.Equal(t, field == "", r.Problem == "", members)
	}
	for members, want := range map[string]time.Time{
		`"asOf":"2026-03-02T06:00:00Z"`: at(6, 0), `"asOf":"2026-03-02T07:00:00.5+01:00"`: at(6, 0).Add(time.Second / 2), `"asOf":"2026-03-02T06:00:00"`: at(6, 0), `"asOf":"2026-03-02"`: at(0, 0),
		`"asOf":"2026-03-02T06:00:00Z","attributes":{"asOf":"2026-03-02T09:00:00Z"}`: at(6, 0), `"attributes":{"asOf":"yesterday"}`: {}, `"attributes":{"asOf":"2026-03-02T09:00:00Z"}`: at(9, 0),
	} {
		require.Equal(t, want, record(`"qty":1,`+members).AsOf, members)
	}
	r := record(`"qty":1,"externalRef":"X","condition":"USED","storageAreaRef":"S","supplier":"U","status":"HELD","retailerId":"2","expectedOn":"2026-03-02T06:00:00Z","expiry":"2026-03-02"`)
	require.Equal(t, load.Row{ProductRef: "P", LocationRef: "A", Quantity: 1, ExternalRef: "X", Condition: "USED", StorageArea: "S", Supplier: "U", Status: "HELD", Retailer: "2",
		ExpectedOn: at(6, 0), ExpiresOn: at(0, 0)}, r)
	r = record(fmt.Sprintf(`"qty":1,"attributes":{"c":1.5,"a":%q,"b":true,"d":[1]}`, "x"))
	require.Equal(t, catalogue.Attributes{{Name: "a", Type: "STRING", Value: "x"}, {Name: "b", Type: "BOOLEAN", Value: true}, {Name: "c", Type: "FLOAT", Value: 1.5}, {Name: "d", Type: "JSON", Value: []any{1.0}}}, r.Attributes)
	_, err := load.ParseAttributes(map[string]any{"qty": func() {}})
	require.Error(t, err)
}

// TestARefThatIsTakenCostsItsRecordAlone: a quantity's ref is unique in its catalogue. Another position may have it, as it is stored or by a record
// before, and so may a quantity of another kind.
func TestARefThatIsTakenCostsItsRecordAlone(t *testing.T) {
	t.Parallel()
	k := known()
	k.Refs["elsewhere"] = ""
	sale := func(product, ref string) load.Row {
		return load.Row{ProductRef: product, LocationRef: "A", Quantity: -1, Type: stock.Sale, Ref: ref}
	}
	count := sale("P2", "S1")
	count.Type, count.Quantity = "", 7
	out := merge(t, k, at(10, 0), sale("P1", "S1"), sale("P2", "S1"), sale("P1", "S1"), sale("P2", "elsewhere"), count, sale("P2", "S2"))
	var got []string
	for _, o := range out {
		got = append(got, strings.TrimSpace(o.Outcome+" "+o.Code+" "+o.Field+" "+o.Message))
	}
	require.Equal(t, []string{"CREATED", "FAILED C0123E ref S1 is a quantity of P1:A", "UNCHANGED", "FAILED C0123E ref elsewhere is a quantity of another position",
		"FAILED C0123E ref S1 is a quantity of P1:A", "CREATED"}, got)
	require.Len(t, k.Positions, 2)
	require.Equal(t, "S2", active(k.Positions["P2:A"]))
	k = known()
	merge(t, k, at(10, 0), sale("P1", "S1"), sale("P2", "S1"))
	require.Len(t, k.Positions, 1, "what fails makes no position")
}

// TestRefsThatOthersWereGiven: a position by hand has the ref that a record's position would get, and a quantity that of its count.
func TestRefsThatOthersWereGiven(t *testing.T) {
	t.Parallel()
	k := known()
	k.Positions["P2:B"] = &load.Position{ID: "2", Ref: "MINE", ProductRef: "P2", LocationRef: "B", Status: stock.Active, Quantities: []*load.Quantity{
		{ID: "q", Ref: "DELTA:MINE:E1", Type: stock.Delta, Status: stock.Active, Quantity: 2},
	}}
	row := func(product, location string) load.Row {
		return load.Row{ProductRef: product, LocationRef: location, Quantity: 3}
	}
	moved, used, nowhere := row("P2", "B"), row("P1", "B"), row("P1", "NOWHERE")
	moved.Type, moved.ExternalRef, used.Condition = stock.Delta, "E1", "USED"
	rows := []load.Row{row("P1", "A"), moved, used, row("P1", "B"), nowhere, row("P2", "B"), moved}
	rows[6].ExternalRef = "E2"
	positions, counts := k.Makes(rows)
	require.Equal(t, []string{"P1:A", "P1:B", "P1:B"}, positions)
	require.Equal(t, []string{"LAST_ON_HAND:P1:A", "LAST_ON_HAND:P1:B:USED", "LAST_ON_HAND:P1:B", "LAST_ON_HAND:P2:B"}, counts, "movements are read beforehand")

	k.Taken, k.Refs["LAST_ON_HAND:P1:B"] = map[string]load.Place{"P1:A": {ProductRef: "P9", LocationRef: "B"}}, "P7:B"
	var got []string
	for _, o := range merge(t, k, at(10, 0), rows...) {
		got = append(got, strings.Join([]string{o.Outcome, o.Code, o.Field, o.EntityRef, o.Message}, " "))
	}
	require.Equal(t, []string{
		"FAILED C0123E skuRef P1:A P1:A is the position of P9 at B", "UPDATED   MINE ", "CREATED   P1:B ", "FAILED C0123E ref P1:B LAST_ON_HAND:P1:B is a quantity of P7:B",
		"FAILED C0120E locationRef P1:NOWHERE there is no location NOWHERE", "UPDATED   MINE ", "UPDATED   MINE ",
	}, got)
	require.Equal(t, "LAST_ON_HAND:P2:B DELTA:P2:B:E2", active(k.Positions["P2:B"]), "what was taken in under the position's own ref was known again, and is in the count")
	require.Len(t, k.Positions["P2:B"].Quantities, 3)
	require.Nil(t, k.Positions["P1:A"])
}

// TestAPositionIsOfOneProductAtOneLocation: refs of two that have colons may read alike, and what is of one must not be counted to the other.
func TestAPositionIsOfOneProductAtOneLocation(t *testing.T) {
	t.Parallel()
	k := known()
	k.Locations["B:A"] = stock.Active
	out := merge(t, k, at(10, 0), load.Row{ProductRef: "P1:B", LocationRef: "A", Quantity: 5}, load.Row{ProductRef: "P1", LocationRef: "B:A", Quantity: 7})
	require.Equal(t, []string{load.OutcomeCreated, load.OutcomeFailed}, []string{out[0].Outcome, out[1].Outcome})
	require.Equal(t, []string{"C0123E", "skuRef", "P1:B:A is the position of P1:B at A"}, []string{out[1].Code, out[1].Field, out[1].Message})
	require.Equal(t, 5, k.Positions["P1:B:A"].OnHand)
}
