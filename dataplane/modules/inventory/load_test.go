package inventory_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// with adds members to a record.
func with(r map[string]any, members ...any) map[string]any {
	for n := 0; n < len(members); n += 2 {
		r[members[n].(string)] = members[n+1]
	}
	return r
}

// batches stores records as batches of a retailer and loads all of them in one commit.
func (h *house) batches(retailer int32, ref string, batches ...[]map[string]any) (ids []catalogue.ID) {
	h.t.Helper()
	ctx := h.t.Context()
	job, err := jobs.NewID(ctx, h.db, h.scope)
	require.NoError(h.t, err)
	h.write(func(tx *store.Tx) {
		jobs.Add(tx, &jobs.Job{ID: job, RetailerID: 1, Name: "load", ClosesOn: time.Now().Add(time.Hour)})
	})
	for _, rows := range batches {
		id, err := jobs.NewBatchID(ctx, h.db, h.scope)
		require.NoError(h.t, err)
		ids = append(ids, id)
		var records []json.RawMessage
		for _, r := range rows {
			raw, err := json.Marshal(r)
			require.NoError(h.t, err)
			records = append(records, raw)
		}
		require.NoError(h.t, h.db.Write(ctx, h.scope, func(tx *store.Tx) error {
			return jobs.AddBatch(ctx, tx, &jobs.Batch{ID: id, JobID: job, RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Event: "InventoryChanged", Header: json.RawMessage(`{}`)}, records)
		}))
	}
	h.must(h.turn(retailer, nil, func(ctx context.Context, c *rule.Context) error {
		for _, id := range ids {
			c.Event.ID, c.Event.Attributes = string(h.db.NewUUID()), map[string]any{"batchId": string(id), "jobId": string(job)}
			batch, list, err := h.module.Rows(ctx, c)
			if err != nil {
				return err
			}
			h.module.Load(c, h.stock[ref]).Add(c, batch, list)
		}
		return nil
	}))
	return ids
}

// results prints a batch's records as their message or code and message.
func (h *house) results(id catalogue.ID) []string {
	h.t.Helper()
	rows, err := jobs.Rows(h.t.Context(), h.db.Reader(h.scope), id, 0, 100)
	require.NoError(h.t, err)
	out := make([]string, len(rows))
	for i, r := range rows {
		require.Equal(h.t, i, r.Number)
		out[i] = r.Message
		if r.Code != "" {
			out[i] = r.Code + " " + r.Message
		}
	}
	return out
}

// TestARefOfAnotherPositionFailsAlone, be it stored or in the same batch: the catalogue has each ref once, and the database would refuse the whole batch.
func TestARefOfAnotherPositionFailsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sale := func(product, ref string) map[string]any {
		return with(row(product, "A", -1), "type", "SALE", "ref", ref)
	}
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{sale("P1", "S1"), with(sale("P1", "S2"), "status", "INACTIVE")})[0]))
	for range 2 { // P1:A is read for the second time
		require.Equal(t, []string{"UNCHANGED", "C0123E ref: S1 is a quantity of P1:A", "C0123E ref: S2 is a quantity of P1:A", ""},
			h.results(h.batches(1, "DEFAULT:1", []map[string]any{sale("P1", "S1"), sale("P2", "S1"), sale("P2", "S2"), with(row("P3", "A", 1), "type", "DELTA")})[0]))
	}
	require.Equal(t, []string{"C0123E ref: S1 is a quantity of another position", ""},
		h.results(h.batches(1, "DEFAULT:1", []map[string]any{sale("P2", "S1"), sale("P2", "S3")})[0]))
	require.Equal(t, []string{"P1:A -1 ACTIVE", "P2:A -1 ACTIVE", "P3:A 2 ACTIVE"}, h.positions("DEFAULT:1"))
}

// TestABatchIsItsRetailersAlone: an event names its batch by an attribute, which whoever sends events may give. What is not there, or not for the
// event's retailer, is neither loaded nor said to be complete.
func TestABatchIsItsRetailersAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 5)})[0]
	for _, c := range []struct {
		retailer int32
		batch    any
		there    bool
	}{{1, string(id), true}, {0, string(id), true}, {2, string(id), false}, {1, "99", false}, {1, "x", false}, {1, "", false}, {1, nil, false}} {
		var rows []load.Row
		var err error
		h.turn(c.retailer, map[string]any{"batchId": c.batch}, func(ctx context.Context, rc *rule.Context) error {
			_, rows, err = h.module.Rows(ctx, rc)
			return nil
		})
		if c.there {
			require.NoError(t, err)
			require.Len(t, rows, 1)
		} else {
			require.ErrorContains(t, err, "there is no batch", c)
			require.True(t, fault.Is(err, fault.NotFound))
		}
	}
}

// TestLoadsStayWithinTheirRetailer: its own locations and records, but in a catalogue that retailers share, and for the account as a whole.
func TestLoadsStayWithinTheirRetailer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own, foreign := row("P1", "A", 1), row("P1", "Z", 2)
	refused := "C0120E locationRef: there is no location Z"
	require.Equal(t, []string{"", refused}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{own, foreign})[0]))
	require.Equal(t, []string{"P1:A 1 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "SHARED", []map[string]any{own, foreign})[0]))
	require.Equal(t, []string{"P1:A 1 ACTIVE", "P1:Z 2 ACTIVE"}, h.positions("SHARED"))
	require.Equal(t, []string{"P1@A 1 ACTIVE", "P1@Z 2 ACTIVE"}, h.virtual("BASE"))
	require.Equal(t, []string{"P1@A 1 ACTIVE"}, h.virtual("BASE:1"), "equal refs in another catalogue")
	require.Equal(t, []string{"UNCHANGED", ""}, h.results(h.batches(0, "DEFAULT:1", []map[string]any{own, foreign})[0]), "a load of the account")

	got := h.results(h.batches(1, "DEFAULT:1", []map[string]any{with(row("P1", "A", 4), "retailerId", 2), with(row("P1", "A", 5), "retailerId", 1), with(row("P2", "A", 6), "retailerId", "1")})[0])
	require.Equal(t, []string{"400 retailerId: the batch is retailer 1's", "", ""}, got)
	require.Equal(t, []string{"P1:A 5 ACTIVE", "P1:Z 2 ACTIVE", "P2:A 6 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Equal(t, []string{""}, h.results(h.batches(0, "DEFAULT:2", []map[string]any{with(row("P1", "Z", 4), "retailerId", 2)})[0]))
}

// TestWhatIsLoadedIsSoldWhereItMayBe: OUT is in no network, OFF is closed, OLD is no longer sold and NEW is not known.
func TestWhatIsLoadedIsSoldWhereItMayBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sent := h.load(1, "DEFAULT:1", row("P1", "A", 1), row("P1", "B", 2), row("P1", "OUT", 3), row("P1", "OFF", 4), row("OLD", "A", 5), row("NEW", "A", 6))
	require.Equal(t, []string{"NEW:A 6 CREATED", "OLD:A 5 INACTIVE", "P1:A 1 ACTIVE", "P1:B 2 ACTIVE", "P1:OFF 4 INACTIVE", "P1:OUT 3 ACTIVE"}, h.positions("DEFAULT:1"))
	want := []string{"OLD@A 0 INACTIVE", "P1@A 1 ACTIVE", "P1@B 2 ACTIVE", "P1@OFF 0 INACTIVE"}
	require.Equal(t, want, h.virtual("BASE:1"))
	for _, other := range []string{"GONE:1", "BASE:2", "BASE", "AGG:1"} {
		require.Empty(t, h.virtual(other), other)
	}
	require.Equal(t, []string{"AGG:1/1 OLD", "AGG:1/1 P1", "AGG:1/1 P1"}, announced(sent), "A and OFF are in its network, B and OUT are not, and NEW is nothing yet")
	require.Empty(t, h.load(1, "DEFAULT:1", row("P1", "A", 1)), "nothing has changed")

	master := all[inventory.ProductCatalogue](h)[0]
	h.write(func(tx *store.Tx) { tx.Insert(product(h.id("StandardProduct"), master, "NEW", "ACTIVE")) })
	h.load(1, "DEFAULT:1", row("NEW", "A", 6), row("NEW", "A", 7))
	require.Contains(t, h.positions("DEFAULT:1"), "NEW:A 7 ACTIVE")
	require.Equal(t, append([]string{"NEW@A 7 ACTIVE"}, want...), h.virtual("BASE:1"))
}

// TestALoadSeesALocationThatWasOpenedJustNow, though the node remembers places for an hour here.
func TestALoadSeesALocationThatWasOpenedJustNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 1))
	h.write(func(tx *store.Tx) { tx.Insert(location(h.id("Location"), "FRESH", "ACTIVE", "1")) })
	require.Equal(t, []string{""}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "FRESH", 3)})[0]))
	require.Contains(t, h.positions("DEFAULT:1"), "P1:FRESH 3 ACTIVE")
}

// TestLoadsKeepWhatRecordsSay: condition, time of the count, expected date and area come back at the next load.
func TestLoadsKeepWhatRecordsSay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const ten, eleven = "2026-03-02T10:00:00Z", "2026-03-02T11:00:00.5Z"
	records := []map[string]any{with(row("P1", "A", 5), "asOf", eleven, "storageAreaRef", "SHELF", "supplier", "S1", "expiry", "2026-04-01", "attributes", map[string]any{"colour": "red"}),
		with(row("P1", "A", 3), "condition", "DAMAGED", "asOf", eleven), with(row("P1", "A", 40), "type", "EXPECTED", "externalRef", "PO7", "expectedOn", ten),
		with(row("P1", "A", 2), "type", "DELTA", "ref", "MOVE", "condition", "USED")}
	require.Equal(t, []string{"", "", "", ""}, h.results(h.batches(1, "DEFAULT:1", records)[0]))
	require.Equal(t, []string{"P1:A 5 ACTIVE"}, h.positions("DEFAULT:1"))
	check := func() {
		t.Helper()
		stored := h.quantities("DEFAULT:1")
		require.Len(t, stored, 4)
		count := stored["LAST_ON_HAND:P1:A"]
		colour, _ := count.Attributes.Get("colour")
		asOf, _ := count.Attributes.Get("asOf")
		require.Equal(t, []any{5, "ACTIVE", "", "SHELF", "red", eleven}, []any{count.Quantity, count.Status, count.Condition, count.StorageAreaRef, colour, asOf})
		require.Equal(t, []any{"S1", "2026-04-01"}, []any{count.Supplier, count.ExpiresOn.UTC().Format(time.DateOnly)})
		require.Equal(t, []any{3, "DAMAGED"}, []any{stored["LAST_ON_HAND:P1:A:DAMAGED"].Quantity, stored["LAST_ON_HAND:P1:A:DAMAGED"].Condition})
		require.Equal(t, []any{2, "DELTA", "USED"}, []any{stored["MOVE"].Quantity, stored["MOVE"].Type, stored["MOVE"].Condition})
		expected := stored["EXPECTED:P1:A:PO7"]
		require.Equal(t, []any{40, "EXPECTED", ten}, []any{expected.Quantity, expected.Type, expected.ExpectedOn.UTC().Format(time.RFC3339)})
	}
	check()
	require.Equal(t, []string{"UNCHANGED", "UNCHANGED", "UNCHANGED", "UNCHANGED"}, h.results(h.batches(1, "DEFAULT:1", records)[0]))
	check()
	keeps := []map[string]any{with(row("P1", "A", 5), "asOf", eleven, "supplier", "S2"), with(row("P1", "A", 2), "type", "DELTA", "ref", "MOVE", "expiry", "2026-05-01")}
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "DEFAULT:1", keeps)[0]), "the numbers are those of before, but not what is said of them")
	stored := h.quantities("DEFAULT:1")
	require.Equal(t, []string{"S2", "2026-04-01"}, []string{stored["LAST_ON_HAND:P1:A"].Supplier, stored["LAST_ON_HAND:P1:A"].ExpiresOn.UTC().Format(time.DateOnly)})
	require.Equal(t, "2026-05-01", stored["MOVE"].ExpiresOn.UTC().Format(time.DateOnly))
	h.batches(1, "DEFAULT:1", records)
	check()
	older := []map[string]any{with(row("P1", "A", 9), "asOf", ten), with(row("P1", "A", 9), "condition", "DAMAGED", "asOf", ten)}
	require.Equal(t, []string{"STALE", "STALE"}, h.results(h.batches(1, "DEFAULT:1", older)[0]))
	check()
	require.Equal(t, []string{""}, h.results(h.batches(1, "DEFAULT:1", []map[string]any{with(row("P1", "A", 40), "type", "EXPECTED", "externalRef", "PO7", "expectedOn", eleven)})[0]))
	require.Equal(t, "2026-03-02T11:00:00Z", h.quantities("DEFAULT:1")["EXPECTED:P1:A:PO7"].ExpectedOn.UTC().Truncate(time.Second).Format(time.RFC3339))
	require.Equal(t, []string{"P1:A 5 ACTIVE"}, h.positions("DEFAULT:1"))
}

// TestWhatIsLoadedIsDrivenByItsCatalogue, in the version that the catalogue was made under, whether its retailers are named by number or by name.
func TestWhatIsLoadedIsDrivenByItsCatalogue(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	named := *h.stock["SHARED"]
	named.RetailerRefs, named.WorkflowVersion = []string{"BY", "NAME"}, 20003
	h.stock["NAMED"] = &named
	for ref, c := range map[string]struct {
		stored  string
		version int
	}{"DEFAULT:1": {"DEFAULT:1", 10000}, "NAMED": {"SHARED", 20003}} {
		h.batches(1, ref, []map[string]any{row("P1", "A", 5)})
		q := h.quantities(c.stored)["LAST_ON_HAND:P1:A"]
		require.Equal(t, []any{"ACTIVE", "INVENTORY_CATALOGUE::DEFAULT", c.version}, []any{q.Status, q.WorkflowRef, q.WorkflowVersion})
		found, err := store.Get[inventory.InventoryPosition](t.Context(), h.db.Reader(h.scope), q.PositionID)
		require.NoError(t, err)
		p := found[0]
		require.Equal(t, []any{"DEFAULT", "ACTIVE", "INVENTORY_CATALOGUE::DEFAULT", c.version}, []any{p.Type, p.Status, p.WorkflowRef, p.WorkflowVersion})
		require.Equal(t, p.UpdatedOn, q.UpdatedOn, "one commit")
	}
}

// TestBatchesOfACommitAreMergedOneAfterAnother: the second sees what the first did, each hears of its own records, and a movement without ref is
// new in each.
func TestBatchesOfACommitAreMergedOneAfterAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	move := with(row("P1", "A", 1), "type", "DELTA")
	ids := h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 5), move, row("P1", "NOWHERE", 1), row("P2", "B", 1)},
		[]map[string]any{row("P1", "A", 5), with(row("P1", "A", 1), "type", "DELTA"), row("", "A", 1)})
	none := "C0120E locationRef: there is no location NOWHERE"
	require.Equal(t, []string{"", "", none, ""}, h.results(ids[0]))
	require.Equal(t, []string{"UNCHANGED", "", "400 skuRef: is empty"}, h.results(ids[1]))
	require.Contains(t, h.positions("DEFAULT:1"), "P2:B 1 ACTIVE")
	position := ""
	for _, p := range all[inventory.InventoryPosition](h) {
		if p.Ref == "P1:A" {
			position = string(p.ID)
		}
	}
	rows, err := jobs.Rows(t.Context(), h.db.Reader(h.scope), ids[1], 0, 10)
	require.NoError(t, err)
	require.Equal(t, []string{position, "P1:A"}, []string{rows[0].EntityID, rows[0].EntityRef}, "also where the position was made in the same commit")
	for _, id := range ids {
		b, err := jobs.GetBatch(t.Context(), h.db.Reader(h.scope), id)
		require.NoError(t, err)
		require.Equal(t, jobs.Complete, b.Status)
	}
	h.load(1, "DEFAULT:1", with(row("P1", "A", 1), "type", "DELTA"), with(row("P1", "A", 1), "type", "DELTA"))
	moves := 0
	for _, q := range h.quantities("DEFAULT:1") {
		if q.Type == "DELTA" {
			moves++
		}
	}
	require.Equal(t, 4, moves, "two of the batches, and two that came alone")
}

// TestARewoundLoadLoadsNothing: what was asked for before the mark stays.
func TestARewoundLoadLoadsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.must(h.turn(1, nil, func(ctx context.Context, c *rule.Context) error {
		l := h.module.Load(c, h.stock["DEFAULT:1"])
		for n, r := range []map[string]any{row("P1", "A", 1), row("P2", "A", 2)} {
			mark := l.Mark()
			c.Event.Attributes = r
			_, list, err := h.module.Rows(ctx, c)
			require.NoError(t, err)
			l.Add(c, batching.Batch{}, list)
			if n == 1 {
				l.Rewind(mark)
			}
		}
		return nil
	}))
	require.Equal(t, []string{"P1:A 1 ACTIVE"}, h.positions("DEFAULT:1"))
}

// TestRecounts: of one position, of a product's, of a location's; of this catalogue, and no others.
func TestRecounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stocked := []map[string]any{row("P1", "A", 1), row("P1", "B", 1), row("P2", "A", 1), row("P2", "B", 1), row("P1", "OUT", 1)}
	h.load(1, "DEFAULT:1", stocked...)
	h.load(1, "SHARED", row("P1", "A", 1))
	wrong := func() {
		h.write(func(tx *store.Tx) {
			for _, p := range all[inventory.InventoryPosition](h) {
				p.OnHand = 9
				tx.Update(p, domain.Catalogue().Type("InventoryPosition").Field("onHand"))
			}
		})
	}
	type asked = *modules.Recount
	recount := func(ask func(asked)) []string {
		t.Helper()
		wrong()
		return announced(h.must(h.turn(1, nil, func(_ context.Context, c *rule.Context) error {
			ask(h.module.Recount(c, h.stock["DEFAULT:1"]))
			return nil
		})))
	}
	var one string
	for _, p := range all[inventory.InventoryPosition](h) {
		if p.Ref == "P1:A" && p.CatalogueID == h.stock["DEFAULT:1"].ID {
			one = string(p.ID)
		}
	}
	require.Equal(t, []string{"AGG:1/1 P1"}, recount(func(r asked) { r.Position(one) }))
	require.Equal(t, []string{"P1:A 1 ACTIVE", "P1:B 9 ACTIVE", "P1:OUT 9 ACTIVE", "P2:A 9 ACTIVE", "P2:B 9 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Equal(t, []string{"P1:A 9 ACTIVE"}, h.positions("SHARED"))
	require.Equal(t, []string{"AGG:1/1 P1"}, recount(func(r asked) { r.Product("P1") }))
	require.Equal(t, []string{"P1:A 1 ACTIVE", "P1:B 1 ACTIVE", "P1:OUT 1 ACTIVE", "P2:A 9 ACTIVE", "P2:B 9 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Empty(t, recount(func(r asked) { r.Location("B") }), "B is not in the aggregate's network")
	require.Equal(t, []string{"P1:A 9 ACTIVE", "P1:B 1 ACTIVE", "P1:OUT 9 ACTIVE", "P2:A 9 ACTIVE", "P2:B 1 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Equal(t, []string{"AGG:1/1 P1 P2"}, recount(func(r asked) { r.Location("A"); r.Location("OUT") }))
	require.Equal(t, []string{"P1@A 1 ACTIVE", "P1@B 1 ACTIVE", "P2@A 1 ACTIVE", "P2@B 1 ACTIVE"}, h.virtual("BASE:1"))
}

// rebuild rebuilds a virtual catalogue page by page and returns where each page ended.
func (h *house) rebuild(ref string, pageSize int, statuses ...string) []string {
	h.t.Helper()
	var ends []string
	for after := ""; ; {
		var next string
		h.must(h.turn(1, nil, func(ctx context.Context, c *rule.Context) (err error) {
			next, err = h.module.Rebuild(ctx, c, h.sold[ref], after, pageSize, statuses)
			return err
		}))
		if next == "" {
			return ends
		}
		ends, after = append(ends, next), next
	}
}

func TestRebuilds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 1), row("P1", "B", 2), row("P2", "A", 3), row("P2", "OUT", 4), row("P3", "A", 5), row("OLD", "A", 7), row("NEW", "A", 8))
	want := h.virtual("BASE:1")
	h.write(func(tx *store.Tx) {
		for _, v := range all[inventory.VirtualPosition](h) {
			v.Quantity = 99
			tx.Update(v, domain.Catalogue().Type("VirtualPosition").Field("quantity"))
		}
	})
	require.Equal(t, []string{"OLD", "P2"}, h.rebuild("BASE:1", 2), "five products: two pages and a bit")
	require.Equal(t, want, h.virtual("BASE:1"))
	require.Equal(t, []string{"P3"}, h.rebuild("AGG:1", 5, "ACTIVE"), "a full page is not known to be the last")
	require.Equal(t, []string{"NEW@AGG:1 0 ACTIVE", "OLD@AGG:1 0 ACTIVE", "P1@AGG:1 1 ACTIVE", "P2@AGG:1 3 ACTIVE", "P3@AGG:1 5 ACTIVE"}, h.virtual("AGG:1"), "the first network's, and what may be sold")
	require.Empty(t, h.rebuild("AGG:1", 6, "ACTIVE", "INACTIVE", "CREATED"))
	require.Contains(t, h.virtual("AGG:1"), "OLD@AGG:1 7 ACTIVE", "statuses that count are the caller's choice")
	require.Empty(t, h.rebuild("BASE:2", 2), "there is nothing")
	lost := *h.sold["AGG:1"]
	lost.NetworkIDs, lost.Ref = nil, "LOST"
	h.sold["LOST"] = &lost
	require.Empty(t, h.rebuild("LOST", 9, "ACTIVE"))
}

// TestWhatDidNotChangeIsNotWritten: neither rows that a load names again, nor those beside what it changes. A count without a time is one of now, and
// renews that of the count that it confirms.
func TestWhatDidNotChangeIsNotWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	counted := func(r map[string]any) map[string]any { return with(r, "asOf", "2026-03-02T00:00:00Z") }
	damaged := func() map[string]any { return counted(with(row("P1", "A", 3), "condition", "DAMAGED")) }
	h.load(1, "DEFAULT:1", counted(row("P1", "A", 5)), damaged(), counted(row("P2", "A", 1)))
	changed := func() map[string]time.Time {
		out := map[string]time.Time{}
		for _, q := range all[inventory.InventoryQuantity](h) {
			out["quantity "+q.Ref] = q.UpdatedOn
		}
		for _, p := range all[inventory.InventoryPosition](h) {
			out["position "+p.Ref] = p.UpdatedOn
		}
		for _, v := range all[inventory.VirtualPosition](h) {
			out["virtual "+v.Ref] = v.UpdatedOn
		}
		return out
	}
	before := changed()
	h.load(1, "DEFAULT:1", counted(row("P1", "A", 5)), damaged(), counted(row("P2", "A", 1)))
	require.Equal(t, before, changed())
	written := func() (names []string) {
		after := changed()
		for name, at := range after {
			if !at.Equal(before[name]) {
				names = append(names, name)
			}
		}
		before = after
		return names
	}
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	require.Equal(t, []string{"quantity LAST_ON_HAND:P1:A"}, written())
	h.load(1, "DEFAULT:1", row("P1", "A", 6))
	require.ElementsMatch(t, []string{"quantity LAST_ON_HAND:P1:A", "position P1:A", "virtual BASE:1:P1:A"}, written())
	h.load(1, "DEFAULT:1", with(row("P1", "A", 4), "condition", "DAMAGED"))
	require.Equal(t, []string{"quantity LAST_ON_HAND:P1:A:DAMAGED"}, written(), "which is none that can be sold")
}

// TestACatalogueOfNoRetailerTakesStockOfAll locations.
func TestACatalogueOfNoRetailerTakesStockOfAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	none := *h.stock["SHARED"]
	none.RetailerRefs = nil
	h.stock["NONE"] = &none
	require.Equal(t, []string{"", ""}, h.results(h.batches(1, "NONE", []map[string]any{row("P1", "A", 1), row("P1", "Z", 2)})[0]))
	require.Equal(t, []string{"P1:A 1 ACTIVE", "P1:Z 2 ACTIVE"}, h.positions("SHARED"))
}

// TestAFinishedBatchIsItsRetailersRecord, found by its job.
func TestAFinishedBatchIsItsRetailersRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ids := h.batches(1, "DEFAULT:1", []map[string]any{row("P1", "A", 5)}, []map[string]any{row("P1", "B", 5)})
	batch, err := jobs.GetBatch(t.Context(), h.db.Reader(h.scope), ids[1])
	require.NoError(t, err)
	found, err := trailstore.List(t.Context(), h.db.Reader(h.scope), trailstore.Query{RootType: "JOB", RootID: string(batch.JobID), To: time.Now().Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, found, 2)
	for _, trail := range found {
		require.EqualValues(t, 1, trail.RetailerID)
	}
}
