package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/tenancy"
)

// Load is the effect that merges rows of counts and movements into an inventory catalogue: positions are locked and read inside
// the commit, merged by the pure function, and written set-wise.
type Load struct {
	cause
	module    *Module
	scope     tenancy.Scope
	catalogue *inventory.InventoryCatalogue
	columns   columns
	batches   []batch
	zones     map[string]*time.Location // by name, that counts without a zone were taken in

	probe   *inventory.InventoryQuantity // holds one record's values after the other, for fits
	probing entity.Making                // of probe
}

// batch is the rows of one event: those of a batch, or one without an ID.
type batch struct {
	batching.Batch
	ref  string // makes refs of nameless movements unique
	rows []load.Row
}

var (
	_ rule.Rewinder = (*Load)(nil)
	_ rule.Guarded  = (*Load)(nil)
	_ rule.Follower = (*Load)(nil)
	_ rule.Sized    = (*Load)(nil)
)

// Load is the turn's load effect for the inventory catalogue that the context's event addresses.
func (m *Module) Load(c *rule.Context, ic *inventory.InventoryCatalogue) *Load {
	l := rule.EffectOf(c, "load:"+ic.Ref, func() *Load {
		return &Load{module: m, scope: c.Scope, cause: cause{retailer: c.Event.RetailerID}, catalogue: ic, columns: columnsOf(c.Types)}
	})
	l.also(c.Event)
	return l
}

// Add puts rows on the load, and the batch that hears of the outcomes; the zero one for none.
func (l *Load) Add(c *rule.Context, b batching.Batch, rows []load.Row) {
	b.Now = c.Now
	l.batches = append(l.batches, batch{Batch: b, ref: c.Event.ID, rows: rows})
}

// Rows counts a position and a quantity for each record.
func (l *Load) Rows() (n int) {
	for _, b := range l.batches {
		n += 2 * len(b.rows)
	}
	return n
}

// Mark names how much was asked for so far.
func (l *Load) Mark() any { return len(l.batches) }

// Rewind forgets what was asked for since.
func (l *Load) Rewind(mark any) { l.batches = l.batches[:mark.(int)] }

// Needs are the permissions of a user for whom the effect works. See rule.Guarded.
func (l *Load) Needs() ([]string, any) {
	return []string{"INVENTORYPOSITION_CREATE", "INVENTORYPOSITION_UPDATE", "INVENTORYQUANTITY_CREATE", "INVENTORYQUANTITY_UPDATE"}, l.catalogue
}

// Apply merges all batches, one after another in memory, and writes what came of them.
func (l *Load) Apply(ctx context.Context, t *store.Tx) error {
	held := l.module.places.Hold(t, l.scope)
	if err := t.Flush(ctx); err != nil { // turns that share the commit may have moved the same positions
		return err
	}
	places, err := l.places(ctx, held)
	if err != nil {
		return err
	}
	known, stored, err := l.read(ctx, t, places)
	if err != nil {
		return err
	}
	if err := l.taken(ctx, t, known); err != nil {
		return err
	}
	outcomes := make([][]load.Outcome, len(l.batches))
	for i, b := range l.batches {
		outcomes[i] = load.Merge(b.rows, known, load.Clock{Received: b.Now, Batch: b.ref})
	}
	if err := l.write(ctx, t, places, known, stored); err != nil {
		return err
	}
	for i, b := range l.batches {
		for j := range outcomes[i] {
			if o := &outcomes[i][j]; o.EntityRef != "" && o.Outcome != load.OutcomeFailed {
				o.EntityID = known.Positions[stock.PositionRef(b.rows[j].ProductRef, b.rows[j].LocationRef)].ID
			}
		}
		if b.ID == "" {
			continue
		}
		if err := l.settle(t, b, outcomes[i]); err != nil {
			return err
		}
	}
	return nil
}

// Committed lets the database know how large its tables have become, before anybody works on them by plans for small ones.
func (l *Load) Committed(ctx context.Context) error {
	for _, b := range l.batches {
		l.module.grown.Add(int64(len(b.rows)))
	}
	return l.module.refreshStatistics(ctx)
}

// places are fresh if a row names a location that isn't known.
func (l *Load) places(ctx context.Context, held *availability.Held) (*availability.Places, error) {
	places, err := held.Places(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range l.batches {
		for i := range b.rows {
			if r := &b.rows[i]; r.Problem == "" && places.At(r.LocationRef) == nil {
				return l.module.places.Refresh(ctx, l.scope)
			}
		}
	}
	return places, nil
}

// rowsOf is what exists of the entities behind a load.
type rowsOf struct {
	positions  map[string]*inventory.InventoryPosition // by id
	quantities map[string]*inventory.InventoryQuantity // by id
}

func (l *Load) read(ctx context.Context, t *store.Tx, places *availability.Places) (*load.Known, rowsOf, error) {
	seen := map[stockstore.Key]bool{}
	var keys []stockstore.Key
	var named load.Refs
	known := &load.Known{Locations: map[string]string{}, Positions: map[string]*load.Position{}, Refs: map[string]string{}}
	for _, b := range l.batches {
		for i := range b.rows {
			r := &b.rows[i]
			at := places.At(r.LocationRef)
			if at != nil && r.AsOfText != "" {
				r.In(l.zone(at))
			}
			l.foreign(r)
			l.fits(r)
			if r.Problem != "" || at == nil || !l.reaches(at.Location) {
				continue
			}
			known.Locations[r.LocationRef] = at.Location.Status
			named.Add(r)
			if k := (stockstore.Key{ProductRef: r.ProductRef, LocationRef: r.LocationRef}); !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	found, err := stockstore.Load(ctx, t, availability.Number(l.catalogue.ID), keys, named)
	if err != nil {
		return nil, rowsOf{}, fmt.Errorf("read the positions of a load: %w", err)
	}
	known.Products = found.Products
	return known, index(found, known), nil
}

// taken reads who has the refs that the load would give to positions and counts. Only a load that makes some asks.
func (l *Load) taken(ctx context.Context, t *store.Tx, known *load.Known) error {
	var positions, counts []string
	for _, b := range l.batches {
		p, c := known.Makes(b.rows)
		positions, counts = append(positions, p...), append(counts, c...)
	}
	if len(positions)+len(counts) == 0 {
		return nil
	}
	owners, err := stockstore.OwnersOf(ctx, t, availability.Number(l.catalogue.ID), positions, counts)
	if err != nil {
		return fmt.Errorf("look for refs that a load would give: %w", err)
	}
	known.Taken = map[string]load.Place{}
	for ref, k := range owners.Positions {
		known.Taken[ref] = load.Place(k)
	}
	for ref, of := range owners.Quantities {
		known.Refs[ref] = of
	}
	return nil
}

// foreign refuses a record that names another retailer than its batch.
func (l *Load) foreign(r *load.Row) {
	if own := strconv.Itoa(int(l.retailer)); r.Problem == "" && r.Retailer != "" && l.retailer != 0 && r.Retailer != own {
		r.Problem, r.ProblemField = fmt.Sprintf("the batch is retailer %s's", own), "retailerId"
	}
}

// fits refuses a record whose values the fields of a quantity cannot hold: it must not cost the others of its batch.
func (l *Load) fits(r *load.Row) {
	if r.Problem != "" {
		return
	}
	if l.probe == nil {
		l.probe, l.probing = &inventory.InventoryQuantity{CatalogueID: l.catalogue.ID}, entity.Making{Catalogue: l.module.db.Catalogue(), By: l.maker()}
		l.probing.Make(l.probe)
	}
	e := l.probe
	e.Ref, e.Condition, e.StorageAreaRef, e.Attributes = cmp.Or(r.Ref, r.ProductRef), r.Condition, r.StorageArea, r.Attributes
	e.Type, e.Status, e.Supplier = r.Type, r.Status, r.Supplier
	if err := l.probing.Values(l.probing.Drafts...); err != nil {
		f := fault.Of(err)
		r.Problem, r.ProblemField = f.Detail, f.Field
	}
}

// maker is who makes what a load makes.
func (l *Load) maker() entity.Maker {
	return entity.Maker{Retailer: tenancy.RetailerID(l.retailer), Composes: true}
}

// reaches reports whether the load may touch stock at a location: one of its own retailer, unless several share the catalogue.
func (l *Load) reaches(at *foundation.Location) bool {
	return l.retailer == 0 || at.RetailerID == catalogue.ID(strconv.Itoa(int(l.retailer))) || len(l.catalogue.RetailerRefs) != 1
}

func index(found *stockstore.Stored, known *load.Known) rowsOf {
	rows := rowsOf{positions: map[string]*inventory.InventoryPosition{}, quantities: map[string]*inventory.InventoryQuantity{}}
	byID := map[catalogue.ID]*load.Position{}
	for _, p := range found.Positions {
		rows.positions[string(p.ID)] = p
		at := &load.Position{ID: string(p.ID), Ref: p.Ref, ProductRef: p.ProductRef, LocationRef: p.LocationRef, Status: p.Status, OnHand: p.OnHand,
			OldOnHand: p.OnHand, OldStatus: p.Status, OldCapped: capped(p)}
		byID[p.ID] = at
		known.Positions[stock.PositionRef(p.ProductRef, p.LocationRef)] = at
	}
	for _, q := range found.Quantities {
		at := byID[q.PositionID]
		if at == nil {
			known.Refs[q.Ref] = ""
			continue
		}
		known.Refs[q.Ref] = at.Ref
		rows.quantities[string(q.ID)] = q
		at.Quantities = append(at.Quantities, quantityOf(q))
	}
	return rows
}

// asOf is the attribute that keeps when a count was taken.
const asOf = "asOf"

func quantityOf(q *inventory.InventoryQuantity) *load.Quantity {
	out := &load.Quantity{ID: string(q.ID), Ref: q.Ref, Type: q.Type, Status: q.Status, Condition: q.Condition, Quantity: q.Quantity,
		CreatedOn: q.CreatedOn, StorageArea: q.StorageAreaRef, Supplier: q.Supplier, Attributes: q.Attributes}
	if q.ExpiresOn != nil {
		out.ExpiresOn = *q.ExpiresOn
	}
	if q.ExpectedOn != nil {
		out.ExpectedOn = *q.ExpectedOn
	}
	if v, ok := q.Attributes.Get(asOf); ok {
		if s, ok := v.(string); ok {
			out.AsOf, _ = time.Parse(time.RFC3339Nano, s) // what cannot be read counts as never
		}
	}
	return out
}

// write queues new and changed rows, in the order of positions' refs, so that two loads take locks alike.
func (l *Load) write(ctx context.Context, t *store.Tx, places *availability.Places, known *load.Known, stored rowsOf) error {
	refs := make([]string, 0, len(known.Positions))
	for ref, p := range known.Positions {
		if p.Touched {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	made := &entity.Making{Catalogue: l.module.db.Catalogue(), By: l.maker()}
	made.Know(l.catalogue)
	var moved []stockstore.Position
	for _, ref := range refs {
		p := known.Positions[ref]
		if p.Moved() {
			moved = append(moved, stockstore.Position{ID: p.ID, ProductRef: p.ProductRef, LocationRef: p.LocationRef, Status: p.Status, OnHand: p.OnHand})
		}
		l.writePosition(made, p, stored.positions[p.ID])
		for _, q := range p.Quantities {
			if q.Changed {
				l.writeQuantity(made, p, q, stored)
			}
		}
	}
	if err := made.Complete(ctx, asRoots{}); err != nil {
		return fmt.Errorf("complete the positions of a load: %w", err)
	}
	made.Write(t) // no CREATE events: what those would lead to is done here, for all at once
	l.module.follow(t, places, l.catalogue, l.cause, moved)
	return nil
}

// asRoots has what a load makes driven by its catalogue's workflow in the version that the catalogue was made under, and reads nothing: which of
// several retailers an event would run for does not matter where none is sent.
type asRoots struct{ entity.Versions }

// Find finds nothing.
func (asRoots) Find(_ context.Context, needs []entity.Need) ([]any, error) {
	return make([]any, len(needs)), nil
}

func (l *Load) writePosition(made *entity.Making, p *load.Position, old *inventory.InventoryPosition) {
	if old != nil {
		if p.Moved() {
			old.OnHand, old.Status = p.OnHand, p.Status
			x := made.Change(old, l.columns.position...)
			if p.Capped != p.OldCapped {
				mark(old, p)
				x.Touch(x.Type.Field("attributes"))
			}
		}
		return
	}
	p.ID = string(l.module.id())
	e := &inventory.InventoryPosition{Ref: p.Ref, ProductRef: p.ProductRef, LocationRef: p.LocationRef, OnHand: p.OnHand, CatalogueID: l.catalogue.ID}
	e.ID, e.Type, e.Status = catalogue.ID(p.ID), "DEFAULT", p.Status
	if p.Capped {
		mark(e, p)
	}
	made.Make(e)
}

func (l *Load) writeQuantity(made *entity.Making, p *load.Position, q *load.Quantity, stored rowsOf) {
	old, at := stored.quantities[q.ID], stored.positions[p.ID]
	e := old
	if e == nil {
		e = &inventory.InventoryQuantity{Ref: q.Ref, CatalogueID: l.catalogue.ID, PositionID: catalogue.ID(p.ID)}
		e.ID, e.Type, e.CreatedOn = l.module.id(), q.Type, q.CreatedOn
	}
	seldom := l.columns.seldom(e, q)
	e.Status, e.Quantity, e.Condition, e.StorageAreaRef, e.Attributes = q.Status, q.Quantity, q.Condition, q.StorageArea, q.Attributes
	if !q.ExpectedOn.IsZero() {
		e.ExpectedOn = &q.ExpectedOn
	}
	if e.Supplier = q.Supplier; !q.ExpiresOn.IsZero() {
		e.ExpiresOn = &q.ExpiresOn
	}
	if !q.AsOf.IsZero() {
		e.Attributes = e.Attributes.Merge(catalogue.Attributes{{Name: asOf, Type: "STRING", Value: q.AsOf.UTC().Format(time.RFC3339Nano)}})
	}
	if old == nil {
		made.Make(e)
		if at != nil {
			made.Know(at)
		}
		return
	}
	x := made.Change(e, l.columns.quantity...)
	x.Given = l.columns.merged
	for _, f := range seldom {
		x.Touch(f)
	}
}

// columns are what a load may change.
type columns struct {
	kind     *catalogue.Field // of a quantity: its type
	position []*catalogue.Field
	quantity []*catalogue.Field
	area     *catalogue.Field // of a quantity, if a record says another; supplier and expires, too
	supplier *catalogue.Field
	expires  *catalogue.Field
	merged   map[*catalogue.Field]any
}

func columnsOf(types *catalogue.Catalogue) columns {
	quantity := types.Type("InventoryQuantity")
	return columns{
		kind:     quantity.Field("type"),
		position: slices.Clip(fieldsOf(types.Type("InventoryPosition"), "onHand status")),
		quantity: slices.Clip(fieldsOf(quantity, "status quantity condition expectedOn attributes")), area: quantity.Field("storageAreaRef"),
		supplier: quantity.Field("supplier"), expires: quantity.Field("expiresOn"),
		merged: map[*catalogue.Field]any{quantity.Field("attributes"): nil}, // see fits
	}
}

func fieldsOf(t *catalogue.Type, names string) []*catalogue.Field {
	var out []*catalogue.Field
	for _, n := range strings.Fields(names) {
		out = append(out, t.Field(n))
	}
	return out
}

// seldom lists what records seldom say anew of a quantity that is stored.
func (c *columns) seldom(stored *inventory.InventoryQuantity, q *load.Quantity) (out []*catalogue.Field) {
	if stored.StorageAreaRef != q.StorageArea {
		out = append(out, c.area)
	}
	if stored.Supplier != q.Supplier {
		out = append(out, c.supplier)
	}
	if !q.ExpiresOn.IsZero() && (stored.ExpiresOn == nil || !stored.ExpiresOn.Equal(q.ExpiresOn)) {
		out = append(out, c.expires)
	}
	return out
}
