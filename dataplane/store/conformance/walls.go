package conformance

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// The rows that each of two accounts has, under ids and refs that are the same in both. The accounts differ in what stands in them.
const (
	wallOrder      = catalogue.ID("11")
	wallFulfilment = catalogue.ID("12")
	wallArticle    = catalogue.ID("13")
	wallChoice     = catalogue.ID("14")
	wallAddress    = catalogue.ID("15")
	wallCustomer   = catalogue.ID("16")
	wallLocation   = catalogue.ID("17")
	wallNet        = catalogue.ID("18")
	wallStoreAt    = catalogue.ID("19")
	wallStock      = catalogue.ID("21")
	wallBase       = catalogue.ID("22")
	wallAggregate  = catalogue.ID("23")
	wallItem       = catalogue.ID("31")
	wallLine       = catalogue.ID("32")
	wallPart       = catalogue.ID("33")
	wallProduct    = catalogue.ID("34")
	wallPosition   = catalogue.ID("a0000000-0000-8000-8000-000000000001")
	wallQuantity   = catalogue.ID("a0000000-0000-8000-8000-000000000002")
	wallVirtual    = catalogue.ID("a0000000-0000-8000-8000-000000000003")
	wallEvent      = "a0000000-0000-8000-8000-000000000004"
	wallLater      = "a0000000-0000-8000-8000-000000000005"
	wallTurn       = "a0000000-0000-8000-8000-000000000000"
)

// aggregates loads, for one account, what belongs together; each statement joins its tables within the account.
func aggregates(b *bench) {
	theirs := scopeOf(b.t, "OTHER")
	b.sell(b.scope, "MINE", 1)
	b.sell(theirs, "THEIRS", 2)
	r, orders := b.db.Reader(b.scope), store.TypeOf[order.Order](b.db)
	root, parts, err := r.Aggregate(b.ctx, orders, wallOrder)
	require.NoError(b.t, err)
	require.Equal(b.t, "MINE", root.(*order.Order).Ref)
	require.Len(b.t, parts, 8)
	require.Equal(b.t, 1, parts[0].(*order.OrderItem).Quantity)
	require.Equal(b.t, "MINE", parts[1].(*order.FulfilmentChoice).PickupLocationRef)
	require.Equal(b.t, "MINE", parts[2].(*foundation.CustomerAddress).Ref)
	require.Equal(b.t, "MINE", parts[3].(*foundation.Customer).Ref)
	require.Equal(b.t, "MINE", parts[4].(*order.Fulfilment).Ref)
	require.Equal(b.t, 1, parts[5].(*order.FulfilmentItem).FilledQuantity)
	require.Equal(b.t, "MINE", parts[6].(*order.Article).Ref)
	require.Equal(b.t, 1, parts[7].(*order.ArticleItem).Quantity)

	places, err := r.PlaceRows(b.ctx)
	require.NoError(b.t, err)
	require.Equal(b.t, map[catalogue.ID][]catalogue.ID{wallNet: {wallLocation}}, places.NetworkLocations)
	require.Equal(b.t, []int{1, 1, 1, 1, 2, 1, 1}, []int{len(places.Locations), len(places.Addresses), len(places.Schedules), len(places.Networks), len(places.VirtualCatalogues),
		len(places.InventoryCatalogues), len(places.Settings)})
	require.Equal(b.t, []string{"MINE", "MINE", "MINE"}, []string{places.Locations[0].Name, places.Addresses[0].Ref, places.Settings[0].Value})

	// Of a write that expects a row as it was read, another account's row of that id is none.
	gone := store.Version{ID: wallOrder, UpdatedOn: epoch}
	b.write(theirs, func(tx *store.Tx) error { tx.Delete(orders, wallOrder); return nil })
	err = b.db.Write(b.ctx, theirs, func(tx *store.Tx) error { tx.Expect(orders, gone); return nil })
	require.ErrorIs(b.t, err, store.ErrStale)
	b.write(b.scope, func(tx *store.Tx) error { tx.Expect(orders, gone); return nil })
}

// sell gives an account an order with all that hangs on it, and a place with all that belongs to it. ref and n stand in the rows.
func (b *bench) sell(scope tenancy.Scope, ref string, n int) {
	at := catalogue.Node{CreatedOn: epoch, UpdatedOn: epoch}
	node := func(id catalogue.ID) catalogue.Node { at.ID = id; return at }
	row := func(id catalogue.ID) catalogue.Row { return catalogue.Row{ID: id, CreatedOn: epoch, UpdatedOn: epoch} }
	articles, networks := store.TypeOf[order.Article](b.db), store.TypeOf[foundation.Network](b.db)
	b.write(scope, func(tx *store.Tx) error {
		tx.Insert(
			&order.Order{Node: node(wallOrder), Ref: ref, RetailerID: "1", CustomerID: wallCustomer, FulfilmentChoiceID: wallChoice},
			&order.OrderItem{Node: node(wallItem), Ref: "I", Quantity: n, OrderID: wallOrder, ProductRef: "P"},
			&order.FulfilmentChoice{Node: node(wallChoice), PickupLocationRef: ref, DeliveryAddressID: wallAddress, OrderID: wallOrder},
			&foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: node(wallAddress), Ref: ref}},
			&foundation.Customer{Node: node(wallCustomer), Ref: ref, Username: ref, RetailerID: "1"},
			&order.Fulfilment{Node: node(wallFulfilment), Ref: ref, OrderID: wallOrder},
			&order.FulfilmentItem{Row: row(wallLine), FilledQuantity: n, OrderItemID: wallItem, FulfilmentID: wallFulfilment},
			&order.Article{Node: node(wallArticle), Ref: ref, OrderID: wallOrder},
			&order.ArticleItem{Node: node(wallPart), Quantity: n, ArticleID: wallArticle},
			&foundation.Location{Node: node(wallLocation), Ref: "L", Name: ref, RetailerID: "1", PrimaryAddressID: wallStoreAt, OpeningScheduleID: "1"},
			&foundation.StoreAddress{AddressFields: foundation.AddressFields{Node: node(wallStoreAt), Ref: ref}, LocationID: wallLocation},
			&foundation.OpeningSchedule{Node: node("1"), LocationID: wallLocation},
			&foundation.Network{Node: node(wallNet), Ref: "N"},
			&foundation.Setting{Row: row("1"), Name: "S", Context: "ACCOUNT", Value: ref},
			&inventory.InventoryCatalogue{Node: node(wallStock), Ref: "IC"},
			&inventory.VirtualCatalogue{Node: node(wallBase), Ref: "BASE", InventoryCatalogueRef: "IC", Orchestrated: catalogue.Orchestrated{Type: "BASE"}},
			&inventory.VirtualCatalogue{Node: node(wallAggregate), Ref: "SUM", InventoryCatalogueRef: "IC", Orchestrated: catalogue.Orchestrated{Type: "AGGREGATE"}})
		tx.Link(articles.Edge("fulfilments"), wallArticle, wallFulfilment)
		tx.Link(networks.Edge("locations"), wallNet, wallLocation)
		return nil
	})
}

// hold gives an account n units of a product at its location, and a quantity that a fulfilment once held.
func (b *bench) hold(scope tenancy.Scope, n int) {
	at := catalogue.Node{CreatedOn: epoch, UpdatedOn: epoch}
	node := func(id catalogue.ID) catalogue.Node { at.ID = id; return at }
	active := catalogue.Orchestrated{Type: "DEFAULT", Status: "ACTIVE"}
	b.write(scope, func(tx *store.Tx) error {
		p := &inventory.StandardProduct{ProductFields: inventory.ProductFields{Node: node(wallProduct), Ref: "P", CatalogueID: "1", CatalogueRef: "PC", Orchestrated: active}, GTIN: "1"}
		tx.Insert(p, &inventory.InventoryPosition{Node: node(wallPosition), Ref: "P:L", ProductRef: "P", LocationRef: "L", OnHand: n, CatalogueID: wallStock, Orchestrated: active},
			&inventory.InventoryQuantity{Node: node(wallQuantity), Ref: "Q", Quantity: n, CatalogueID: wallStock, PositionID: wallPosition, AssociationRef: "old",
				Orchestrated: catalogue.Orchestrated{Type: "LAST_ON_HAND", Status: "ACTIVE"}},
			&inventory.VirtualPosition{Node: node(wallVirtual), Ref: "P:L", ProductRef: "P", GroupRef: "L", Quantity: n, CatalogueID: wallBase, Orchestrated: active})
		return nil
	})
}

// stockWalls moves one account's stock in every way, with the same stock in another one.
func stockWalls(b *bench) {
	theirs := scopeOf(b.t, "OTHER")
	b.sell(b.scope, "MINE", 1)
	b.sell(theirs, "THEIRS", 2)
	b.hold(b.scope, 10)
	b.hold(theirs, 70)
	place := stock.Scope{CatalogueID: 21, CatalogueRef: "IC", WorkflowRef: "W", WorkflowVersion: 1}
	short := errors.New("short")
	reserve := func(scope tenancy.Scope, association string, n int) error {
		return b.db.WriteLocked(b.ctx, scope, func(tx *store.Tx) error {
			stock.Reserve(tx, place, []stock.Reservation{{QuantityID: b.db.NewUUID(), Ref: association, PositionID: wallPosition, Association: association, Quantity: n}}, short)
			return nil
		})
	}
	require.ErrorIs(b.t, reserve(b.scope, "f1", 11), short, "the other account has more of it")
	require.NoError(b.t, reserve(b.scope, "f1", 4))
	require.NoError(b.t, reserve(b.scope, "f2", 3))
	require.NoError(b.t, reserve(theirs, "f1", 20))
	b.available(b.scope, 3)
	b.available(theirs, 50)

	locked := func(fn func(tx *store.Tx) error) { require.NoError(b.t, b.db.WriteLocked(b.ctx, b.scope, fn)) }
	locked(func(tx *store.Tx) error { stock.Release(tx, place, []string{"f1"}); return nil })
	locked(func(tx *store.Tx) error {
		stock.Confirm(tx, place, []stock.Confirmation{{Association: "f2", ProductRef: "P", LocationRef: "L", Filled: 2, SaleID: b.db.NewUUID(), CorrectID: b.db.NewUUID()}})
		return nil
	})
	b.available(b.scope, 7)
	b.available(theirs, 50)
	locked(func(tx *store.Tx) error {
		stock.Sum(tx, stock.Aggregate{ID: 23, Ref: "SUM", NetworkID: 18, InventoryID: 21}, []string{"P"}, []string{"ACTIVE"})
		return nil
	})
	sums, err := stock.Sellable(b.ctx, b.db.Reader(b.scope), []string{"SUM"}, []string{"P"}, []string{"ACTIVE"})
	require.NoError(b.t, err)
	require.Len(b.t, sums, 1)
	require.Equal(b.t, 7, sums[0].Quantity)
	b.loadAcross(theirs)
}

// available checks what an account has of the product, in the books of stock and in what is sold from.
func (b *bench) available(scope tenancy.Scope, want int) {
	b.t.Helper()
	r := b.db.Reader(scope)
	figures, err := stock.Figures(b.ctx, r, 21, []stock.Key{{ProductRef: "P", LocationRef: "L"}})
	require.NoError(b.t, err)
	require.Equal(b.t, want, figures[stock.Key{ProductRef: "P", LocationRef: "L"}].OnHand)
	units, err := stock.Sellable(b.ctx, r, []string{"BASE"}, []string{"P"}, []string{"ACTIVE"})
	require.NoError(b.t, err)
	require.Len(b.t, units, 1)
	require.Equal(b.t, []int{want, want}, []int{units[0].Quantity, units[0].Position.OnHand})
	products, err := stock.Products(b.ctx, r, 21, "", 10)
	require.NoError(b.t, err)
	require.Equal(b.t, []string{"P"}, products)
}

// loadAcross loads and recounts one account's stock; the product and the location of the other one are closed meanwhile.
func (b *bench) loadAcross(theirs tenancy.Scope) {
	products, locations := store.TypeOf[inventory.StandardProduct](b.db), store.TypeOf[foundation.Location](b.db)
	b.write(theirs, func(tx *store.Tx) error {
		p, l := &inventory.StandardProduct{}, &foundation.Location{}
		p.ID, p.Status, p.UpdatedOn, l.ID, l.Status, l.UpdatedOn = wallProduct, "INACTIVE", tx.Now(), wallLocation, "INACTIVE", tx.Now()
		tx.Update(p, products.Field("status"))
		tx.Update(l, locations.Field("status"))
		return nil
	})
	require.NoError(b.t, b.db.WriteLocked(b.ctx, b.scope, func(tx *store.Tx) error {
		found, err := stock.Load(b.ctx, tx, 21, []stock.Key{{ProductRef: "P", LocationRef: "L"}}, load.Refs{Others: []string{"Q", "f1"}})
		require.NoError(b.t, err)
		require.Len(b.t, found.Positions, 1)
		require.Equal(b.t, map[string]string{"P": "ACTIVE"}, found.Products)
		var refs []string
		for _, q := range found.Quantities {
			refs = append(refs, q.Ref)
		}
		require.ElementsMatch(b.t, []string{"Q", "f2:SALE:P:L", "f2:CORRECTION:P:L", "f1"}, refs)
		stock.PutVirtual(tx, []stock.Virtual{{CatalogueID: 22, Ref: "P:L", Type: "DEFAULT", Status: "ACTIVE", ProductRef: "P", GroupRef: "L", Quantity: 5}})
		q := &inventory.InventoryQuantity{}
		q.ID, q.Quantity, q.UpdatedOn = wallQuantity, 6, tx.Now()
		tx.Update(q, store.TypeOf[inventory.InventoryQuantity](b.db).Field("quantity"))
		moved, err := stock.Recount(b.ctx, tx, 21, stock.Selection{Products: []string{"P"}}, []string{"LAST_ON_HAND", "SALE", "CORRECTION"})
		require.NoError(b.t, err)
		require.Equal(b.t, []stock.Position{{ID: string(wallPosition), ProductRef: "P", LocationRef: "L", Status: "ACTIVE", OnHand: 3}}, moved)
		positions, err := stock.Positions(b.ctx, tx, 21, []string{"P"})
		require.NoError(b.t, err)
		require.Equal(b.t, moved, positions)
		return nil
	}))
	b.available(theirs, 50)
}

// engineWalls keeps events, trails, webhooks, jobs and batches of two accounts under the same ids.
func engineWalls(b *bench) {
	theirs := scopeOf(b.t, "OTHER")
	now := b.db.Now(b.ctx)
	for _, scope := range []tenancy.Scope{b.scope, theirs} {
		b.write(scope, func(tx *store.Tx) error {
			for _, id := range []string{wallEvent, wallLater} {
				e := &workflow.Event{ID: id, Name: string(scope.Account()), Type: workflow.Normal, EntityType: "ORDER", EntityID: "11", RootType: "ORDER", RootID: "11", RetailerID: 1, GeneratedOn: now, Priority: workflow.StoreWork}
				if id == wallLater {
					e.ScheduledOn = now.Add(time.Hour)
				}
				events.Append(tx, e)
			}
			trails.Add(tx, trails.Trail{TurnID: wallTurn, RetailerID: 1, RootType: "ORDER", RootID: "11", GeneratedOn: now, Keys: []string{"k"}, Body: []byte(scope.Account())})
			outbox.Add(tx, outbox.Delivery{ID: wallEvent, Name: "W", Endpoint: "e"})
			jobs.Add(tx, &jobs.Job{ID: "1", RetailerID: 1, Name: "J", ClosesOn: now.Add(time.Hour)})
			return nil
		})
		b.write(scope, func(tx *store.Tx) error {
			return jobs.AddBatch(b.ctx, tx, &jobs.Batch{ID: "2", JobID: "1", RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Header: json.RawMessage(`{}`)}, []json.RawMessage{json.RawMessage(`{}`)})
		})
	}
	b.purgeAcross(theirs)
	b.eventsAcross(theirs, now)
	b.batchesAcross()
	b.purge(retention.Kinds()...)
	r := b.db.Reader(b.scope)
	trail, err := trails.Get(b.ctx, r, wallTurn)
	require.NoError(b.t, err)
	require.Nil(b.t, trail)
	_, err = jobs.GetBatch(b.ctx, r, "2")
	require.True(b.t, fault.Is(err, fault.NotFound), "%v", err)
	_, err = jobs.Get(b.ctx, r, "1")
	require.True(b.t, fault.Is(err, fault.NotFound), "%v", err)
	trail, err = trails.Get(b.ctx, b.db.Reader(theirs), wallTurn)
	require.NoError(b.t, err)
	require.NotNil(b.t, trail)
	job, err := jobs.Get(b.ctx, b.db.Reader(theirs), "1")
	require.NoError(b.t, err)
	require.Len(b.t, job.Batches, 1)
}

// purge removes all of an account that is settled; that it is old need not be said.
func (b *bench) purge(kinds ...retention.Kind) {
	b.t.Helper()
	for _, what := range kinds {
		_, err := retention.Of(b.db).Purge(b.ctx, "ACME", what, -2*time.Hour, 100)
		require.NoError(b.t, err)
	}
}

// purgeAcross has everything settled in the other account: of this one, where it waits under the same ids, nothing may go.
func (b *bench) purgeAcross(theirs tenancy.Scope) {
	third := "a0000000-0000-8000-8000-00000000000a"
	for _, scope := range []tenancy.Scope{b.scope, theirs} {
		b.write(scope, func(tx *store.Tx) error {
			events.Append(tx, &workflow.Event{ID: third, Name: "X", Type: workflow.Normal, EntityType: "ORDER", EntityID: "12", RootType: "ORDER", RootID: "12", RetailerID: 1, GeneratedOn: tx.Now(), Priority: workflow.StoreWork})
			outbox.Add(tx, outbox.Delivery{ID: third, Name: "W", Endpoint: "e"})
			jobs.Add(tx, &jobs.Job{ID: "3", RetailerID: 1, Name: "J", ClosesOn: tx.Now().Add(time.Hour)})
			return nil
		})
		b.write(scope, func(tx *store.Tx) error {
			return jobs.AddBatch(b.ctx, tx, &jobs.Batch{ID: "4", JobID: "3", RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Header: json.RawMessage(`{}`)}, []json.RawMessage{json.RawMessage(`{}`)})
		})
	}
	b.write(theirs, func(tx *store.Tx) error {
		events.Finish(tx, wallTurn, events.Mark{ID: third, State: events.Success})
		jobs.Finish(tx, "4", 1, nil)
		return nil
	})
	require.NoError(b.t, outbox.Finish(b.ctx, b.db, outbox.Delivery{Account: theirs.Account(), ID: third}, "DONE", "200", 0))
	b.purge(retention.Events, retention.Deliveries, retention.BatchRows, retention.Batches)
	r := b.db.Reader(b.scope)
	e, err := events.Get(b.ctx, r, third)
	require.NoError(b.t, err)
	require.NotNil(b.t, e)
	_, err = jobs.GetBatch(b.ctx, r, "4")
	require.NoError(b.t, err)
	rows, err := jobs.Rows(b.ctx, r, "4", 0, 10)
	require.NoError(b.t, err)
	require.Len(b.t, rows, 1)
	sent, err := outbox.Claim(b.ctx, b.db, time.Hour, 10)
	require.NoError(b.t, err)
	waits := map[tenancy.AccountID]int{}
	for _, d := range sent {
		waits[d.Account]++
	}
	require.Equal(b.t, map[tenancy.AccountID]int{"ACME": 2, "OTHER": 1}, waits)
}

func (b *bench) eventsAcross(theirs tenancy.Scope, now time.Time) {
	r, from, to := b.db.Reader(b.scope), now.Add(-time.Hour), now.Add(time.Hour)
	e, err := events.Get(b.ctx, r, wallEvent)
	require.NoError(b.t, err)
	require.Equal(b.t, "ACME", e.Event.Name)
	for state, want := range map[events.State]int{events.Pending: 2, events.Scheduled: 1} {
		list, err := events.Waiting(b.ctx, r, state, from, to, 10)
		require.NoError(b.t, err)
		require.Len(b.t, list, want, "%s", state)
	}
	list, err := events.PendingOfRoot(b.ctx, r, "ORDER", "11", 10)
	require.NoError(b.t, err)
	require.Len(b.t, list, 1)
	for _, q := range []trails.Query{{}, {Keys: []string{"k"}}, {RootType: "ORDER", RootID: "11"}, {RootType: "ORDER", RootID: "11", Keys: []string{"k"}}} {
		q.From, q.To, q.Limit = from, to, 10
		trails, err := trails.List(b.ctx, r, q)
		require.NoError(b.t, err)
		require.Len(b.t, trails, 1, "%+v", q)
		require.Equal(b.t, "ACME", string(trails[0].Body))
	}
	there, err := trails.Exists(b.ctx, r, wallTurn)
	require.NoError(b.t, err)
	require.True(b.t, there)
	there, err = trails.Exists(b.ctx, b.db.Reader(scopeOf(b.t, "THIRD")), wallTurn)
	require.NoError(b.t, err)
	require.False(b.t, there)
	require.NoError(b.t, outbox.Finish(b.ctx, b.db, outbox.Delivery{Account: "ACME", ID: wallEvent}, "DONE", "200", 0))
	finish := func() error {
		return b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			events.Finish(tx, wallTurn, events.Mark{ID: wallEvent, State: events.Success})
			return nil
		})
	}
	require.NoError(b.t, finish())
	require.ErrorIs(b.t, finish(), events.ErrTaken)
	e, err = events.Get(b.ctx, b.db.Reader(theirs), wallEvent)
	require.NoError(b.t, err)
	require.Equal(b.t, events.Pending, e.State)
}

func (b *bench) batchesAcross() {
	b.write(b.scope, func(tx *store.Tx) error { jobs.Start(tx, "2"); return nil })
	b.write(b.scope, func(tx *store.Tx) error {
		jobs.Finish(tx, "2", 1, []jobs.Row{{Number: 0, Code: "X", Message: "no"}})
		return nil
	})
	for scope, want := range map[tenancy.AccountID]struct {
		status   jobs.Status
		failures int
	}{"ACME": {jobs.Complete, 1}, "OTHER": {jobs.Pending, 0}} {
		r := b.db.Reader(scopeOf(b.t, string(scope)))
		batch, err := jobs.GetBatch(b.ctx, r, "2")
		require.NoError(b.t, err)
		require.Equal(b.t, want.status, batch.Status)
		rows, err := jobs.Rows(b.ctx, r, "2", 0, 10)
		require.NoError(b.t, err)
		require.Len(b.t, rows, 1)
		failures, err := jobs.Failures(b.ctx, r, "2", 0, 10)
		require.NoError(b.t, err)
		require.Len(b.t, failures, want.failures)
	}
}
