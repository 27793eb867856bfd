package ordering

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/order/sourcing/expression"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/tenancy"
)

// Module is a node's ordering: made once, used by all turns.
type Module struct {
	db     *store.DB
	places *availability.Directory
	stock  *inventory.Module

	profiles sync.Map // retailer and ref → *sourcing.Profile, prepared
}

// New makes a node's module.
func New(db *store.DB, places *availability.Directory, stock *inventory.Module) *Module {
	return &Module{db: db, places: places, stock: stock}
}

// From finds the module that the engine was given.
func From(c *rule.Context) (*Module, error) { return rule.Module[*Module](c) }

// Places are the account's places, as of a moment ago.
func (m *Module) Places(ctx context.Context, scope tenancy.Scope) (*availability.Places, error) {
	return m.places.Places(ctx, scope)
}

// Newer makes sure that the places are not older than the turn, and reports whether they were: what was decided on older ones may be
// wrong where it says that something cannot be had.
func (m *Module) Newer(ctx context.Context, c *rule.Context) (bool, error) {
	return m.places.Since(ctx, c.Scope, c.Now)
}

// Profile finds a retailer's sourcing profile by ref.
func (m *Module) Profile(ref string, retailer int32) (*sourcing.Profile, error) {
	key := fmt.Sprint(retailer, " ", ref)
	if p, ok := m.profiles.Load(key); ok {
		return p.(*sourcing.Profile), nil
	}
	p := sourcing.Default(ref, retailer)
	if p == nil {
		return nil, fmt.Errorf("there is no sourcing profile %s", ref)
	}
	if err := p.Prepare(expression.Compile); err != nil {
		return nil, err
	}
	m.profiles.Store(key, p)
	return p, nil
}

// Rejected is the ref of the location for units that nobody can supply: given, else that of the setting.
func Rejected(c *rule.Context, places *availability.Places, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	ref, set, err := availability.In(c, places, nil, RejectedLocation)
	if err == nil && !set {
		ref = RejectedLocation.Default()
	}
	return ref, err
}

// Sourcing is one question: from where do the open units of an order come by a profile.
type Sourcing struct {
	Profile  *sourcing.Profile
	Statuses []string // of virtual positions that count
	Rejected string   // given ref of the rejected location; empty: by setting
}

// Request gathers everything that the decision depends on: places from memory, stock fresh, in one statement for all candidates
// and products.
func (m *Module) Request(ctx context.Context, c *rule.Context, o *Order, s Sourcing) (*sourcing.Request, error) {
	places, err := m.places.Places(ctx, c.Scope)
	if err != nil {
		return nil, err
	}
	r := &sourcing.Request{Now: c.Now, Needs: o.Needs(), Method: o.method(), Live: o.Live(), Context: conditionContext{o.View(c.Types, c.Root), o}, Stock: map[string]sourcing.Stock{}}
	if o.Collected() && o.Choice != nil {
		r.PickupLocation = o.Choice.PickupLocationRef
		if at := places.At(r.PickupLocation); at != nil {
			r.Destination = at.Point
		}
	} else if a := o.Address; a != nil && a.Latitude != nil && a.Longitude != nil {
		r.Destination = &sourcing.Point{Latitude: *a.Latitude, Longitude: *a.Longitude}
	}
	rejected, err := Rejected(c, places, s.Rejected)
	if err != nil {
		return nil, err
	}
	r.Locations, r.Excluded = candidates(places, o.excluded(c, rejected))
	if left := places.Faults(); left != nil {
		c.Turn.Log("locations left out", map[string]any{"why": left})
	}
	return r, m.readStock(ctx, c, places, r, s)
}

// candidates are the active locations that are not excluded; left says why others are none.
func candidates(places *availability.Places, excluded []string) (out []sourcing.Location, left map[string]string) {
	left = make(map[string]string, len(excluded))
	for ref, at := range places.All() {
		switch {
		case at.Fault != "":
			left[ref] = sourcing.Faulty
		case !at.Active():
			left[ref] = sourcing.Inactive
		case slices.Contains(excluded, ref):
			left[ref] = sourcing.Excluded
		}
		if left[ref] != "" {
			continue
		}
		l := sourcing.Location{ID: string(at.Location.ID), Ref: ref, Type: at.Location.Type, Point: at.Point, Networks: at.Networks}
		if len(at.Location.Attributes) > 0 {
			attributes := make(map[string]any, len(at.Location.Attributes))
			for _, a := range at.Location.Attributes {
				attributes[a.Name] = a.Value
			}
			l.Describe(attributes)
		}
		out = append(out, l)
	}
	return out, left
}

// readStock reads what the profile's catalogues hold of the needed products. The figures behind the positions are handed to the
// turn's stock effect, so that a reservation in the same turn needs no further read.
func (m *Module) readStock(ctx context.Context, c *rule.Context, places *availability.Places, r *sourcing.Request, s Sourcing) error {
	var catalogues, products []string
	for _, src := range s.Profile.Sources() {
		if !slices.Contains(catalogues, src.VirtualCatalogue) {
			catalogues = append(catalogues, src.VirtualCatalogue)
			r.Stock[src.VirtualCatalogue] = sourcing.Stock{}
		}
	}
	for _, n := range r.Needs {
		if !slices.Contains(products, n.ProductRef) {
			products = append(products, n.ProductRef)
		}
	}
	if len(products) == 0 {
		return nil
	}
	units, err := stockstore.Sellable(ctx, m.db.Reader(c.Scope), catalogues, products, s.Statuses)
	if err != nil {
		return fmt.Errorf("read sellable stock: %w", err)
	}
	effects := map[string]*inventory.Stock{}
	for _, ref := range catalogues {
		if v := places.VirtualCatalogue(ref); v != nil && places.InventoryCatalogue(v.InventoryCatalogueRef) != nil {
			if effects[ref], err = m.stock.Stock(ctx, c, v.InventoryCatalogueRef); err != nil {
				return err
			}
		}
	}
	for _, u := range units {
		ats := u.Quantity
		if e := effects[u.Catalogue]; e != nil {
			key := stockstore.Key{ProductRef: u.ProductRef, LocationRef: u.GroupRef}
			e.Know(key, u.Position)
			ats -= e.Taken(key)
		}
		r.Stock[u.Catalogue].Put(u.GroupRef, u.ProductRef, unitsOf(ats, u.Attributes))
	}
	return nil
}

// unitsOf adds the position's attributes that criteria look at.
func unitsOf(ats int, attributes []byte) sourcing.Units {
	var list catalogue.Attributes
	if len(attributes) == 0 || json.Unmarshal(attributes, &list) != nil {
		return sourcing.Units{ATS: ats}
	}
	return sourcing.Measure(ats, func(name string) any {
		v, _ := list.Get(name)
		return v
	})
}

// Needs lists what is still to be sourced, by order item id.
func (o *Order) Needs() []sourcing.Need { return o.NeedsBy(Coverage{}) }

// NeedsBy is Needs where a workflow counts otherwise than by the life of fulfilments.
func (o *Order) NeedsBy(by Coverage) []sourcing.Need {
	var out []sourcing.Need
	for _, i := range o.Items {
		n := o.quantities(i, by).Unfulfilled
		if n <= 0 {
			continue
		}
		need := sourcing.Need{ItemID: string(i.ID), ProductRef: i.ProductRef, Quantity: n}
		if i.PaidPrice != nil {
			need.PaidPrice = *i.PaidPrice
		}
		out = append(out, need)
	}
	slices.SortFunc(out, func(a, b sourcing.Need) int { return byNumber(a.ItemID) - byNumber(b.ItemID) })
	return out
}

func byNumber(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}

// excluded lists the locations that may not be asked again: the one for unfulfillable units, those that let a fulfilment of this
// order expire or rejected some of it (unless the event includes them), and those that the order names.
func (o *Order) excluded(c *rule.Context, rejected string) []string {
	out := []string{rejected}
	again, _ := c.Event.Attributes["includeRejectedLocations"].(bool)
	for _, f := range o.Fulfilments {
		if !again && (f.Status == order.StatusExpired || o.rejectedSome(f)) {
			out = append(out, f.FromLocationRef)
		}
	}
	if v, ok := o.Attributes.Get("excludedLocations"); ok {
		list, _ := v.([]any)
		for _, x := range list {
			out = append(out, path.Text(x))
		}
	}
	return out
}

func (o *Order) rejectedSome(f *order.Fulfilment) bool {
	return slices.ContainsFunc(o.ItemsOf(f), func(i *order.FulfilmentItem) bool { return i.RejectedQuantity > 0 })
}

// conditionContext adds figures to the order that conditions may ask for.
type conditionContext struct {
	path.Node
	order *Order
}

// Member finds unfulfilledUnits, or what the order has.
func (c conditionContext) Member(name string) (any, bool) {
	if name == "unfulfilledUnits" {
		return float64(c.order.Unfulfilled()), true
	}
	return c.Node.Member(name)
}
