// Package availability knows where goods are and may be sold from: locations with their networks, places on earth and hours, and
// the catalogues of stock. Nodes keep it in memory for moments; how many units there are is always read fresh.
package availability

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order/opening"
	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/setting"
)

// Place is a location with what belongs to it.
type Place struct {
	Location *foundation.Location
	Address  *foundation.StoreAddress // nil: none
	Point    *sourcing.Point          // nil: no coordinates
	Hours    opening.Week
	Networks []string // refs
	Fault    string   // what is wrong with what is stored of it, so that nothing can go by it; empty: nothing
}

// Active reports whether the location takes part in sourcing. One of which something wrong is stored does not: it must not keep orders from being
// sourced elsewhere.
func (p *Place) Active() bool { return p.Location.Status != "INACTIVE" && p.Fault == "" }

// Places is an account's places and catalogues as of a moment. It is never changed once made.
type Places struct {
	byRef       map[string]*Place
	byID        map[catalogue.ID]*Place
	networks    map[string]catalogue.ID // ref → id
	networkRefs map[catalogue.ID]string
	members     map[catalogue.ID]map[catalogue.ID]bool // network → location
	virtual     []*inventory.VirtualCatalogue
	stock       map[string]*inventory.InventoryCatalogue
	settings    setting.Held
	faults      map[string]string
	loadedOn    time.Time
	mark        int64 // of what they rest on
}

// At finds a location by ref; nil if there is none.
func (p *Places) At(ref string) *Place { return p.byRef[ref] }

// ByID finds a location by id; nil if there is none.
func (p *Places) ByID(id catalogue.ID) *Place { return p.byID[id] }

// All lists the locations by ref.
func (p *Places) All() map[string]*Place { return p.byRef }

// Faults are what is wrong with locations that would take part in sourcing, by ref; nil: nothing.
func (p *Places) Faults() map[string]string { return p.faults }

// Network finds a network's id by ref; empty if there is none.
func (p *Places) Network(ref string) catalogue.ID { return p.networks[ref] }

// InventoryCatalogue finds an inventory catalogue by ref; nil if there is none.
func (p *Places) InventoryCatalogue(ref string) *inventory.InventoryCatalogue { return p.stock[ref] }

// VirtualCatalogue finds a virtual catalogue by ref; nil if there is none.
func (p *Places) VirtualCatalogue(ref string) *inventory.VirtualCatalogue {
	for _, v := range p.virtual {
		if v.Ref == ref {
			return v
		}
	}
	return nil
}

// FedBy lists the virtual catalogues of a type (BASE, AGGREGATE) that an inventory catalogue feeds.
func (p *Places) FedBy(inventoryRef, kind string) []*inventory.VirtualCatalogue {
	var out []*inventory.VirtualCatalogue
	for _, v := range p.virtual {
		if v.InventoryCatalogueRef == inventoryRef && v.Type == kind && v.Status != "INACTIVE" {
			out = append(out, v)
		}
	}
	return out
}

// Covers reports whether a location is in one of a virtual catalogue's networks; for an AGGREGATE only the first counts.
func (p *Places) Covers(v *inventory.VirtualCatalogue, locationRef string) bool {
	at := p.byRef[locationRef]
	if at == nil {
		return false
	}
	for i, network := range v.NetworkIDs {
		if i > 0 && v.Type == Aggregate {
			break
		}
		if p.members[catalogue.ID(network)][at.Location.ID] {
			return true
		}
	}
	return false
}

// The types of virtual catalogues.
const (
	Base      = "BASE"
	Aggregate = "AGGREGATE"
)

func newPlaces(rows *store.PlaceRows, now time.Time) *Places {
	p := &Places{byRef: map[string]*Place{}, byID: map[catalogue.ID]*Place{}, networks: map[string]catalogue.ID{}, networkRefs: map[catalogue.ID]string{},
		members: map[catalogue.ID]map[catalogue.ID]bool{}, virtual: rows.VirtualCatalogues, stock: map[string]*inventory.InventoryCatalogue{}, settings: setting.Hold(rows.Settings), loadedOn: now, mark: rows.Mark}
	addresses, schedules := map[catalogue.ID]*foundation.StoreAddress{}, map[catalogue.ID]*foundation.OpeningSchedule{}
	for _, a := range rows.Addresses {
		addresses[a.ID] = a
	}
	for _, s := range rows.Schedules {
		schedules[s.ID] = s
	}
	for _, l := range rows.Locations {
		at := newPlace(l, addresses[l.PrimaryAddressID], schedules[l.OpeningScheduleID])
		p.byRef[l.Ref], p.byID[l.ID] = at, at
		if at.Fault != "" && l.Status != "INACTIVE" {
			if p.faults == nil {
				p.faults = map[string]string{}
			}
			p.faults[l.Ref] = at.Fault
		}
	}
	for _, n := range rows.Networks {
		p.networks[n.Ref], p.networkRefs[n.ID] = n.ID, n.Ref
		p.members[n.ID] = map[catalogue.ID]bool{}
		for _, id := range rows.NetworkLocations[n.ID] {
			p.members[n.ID][id] = true
			if at := p.byID[id]; at != nil {
				at.Networks = append(at.Networks, n.Ref)
			}
		}
	}
	for _, c := range rows.InventoryCatalogues {
		p.stock[c.Ref] = c
	}
	return p
}

func newPlace(l *foundation.Location, a *foundation.StoreAddress, s *foundation.OpeningSchedule) *Place {
	at := &Place{Location: l, Address: a}
	if a != nil {
		if a.Latitude != nil && a.Longitude != nil {
			at.Point = &sourcing.Point{Latitude: *a.Latitude, Longitude: *a.Longitude}
		}
		if zone, err := time.LoadLocation(a.TimeZone); err == nil {
			at.Hours.Zone = zone
		}
	}
	if s != nil && !s.AllHours {
		at.Hours.Days = [7]opening.Day{{Start: s.SunStart, End: s.SunEnd}, {Start: s.MonStart, End: s.MonEnd}, {Start: s.TueStart, End: s.TueEnd},
			{Start: s.WedStart, End: s.WedEnd}, {Start: s.ThuStart, End: s.ThuEnd}, {Start: s.FriStart, End: s.FriEnd}, {Start: s.SatStart, End: s.SatEnd}}
	}
	at.Fault = at.wrong(s != nil && !s.AllHours)
	return at
}

// wrong is what is wrong with a place; hours says whether it has some. What is stored may be older than the checks at the door.
func (p *Place) wrong(hours bool) string {
	if at := p.Point; at != nil && (math.Abs(at.Latitude) > 90 || math.Abs(at.Longitude) > 180) {
		return "its coordinates are not on the globe"
	}
	if !hours {
		return ""
	}
	if err := p.Hours.Check(); err != nil {
		return "its opening hours: " + err.Error()
	}
	if !slices.ContainsFunc(p.Hours.Days[:], func(d opening.Day) bool { return !d.Closed() }) {
		return "it is never open"
	}
	if a := p.Address; a != nil && a.TimeZone != "" && p.Hours.Zone == nil {
		return "its time zone " + a.TimeZone + " is unknown"
	}
	return ""
}

// Number is a numbered id as the store's stock functions take it; 0 for none.
func Number(id catalogue.ID) int64 {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// In reports whether the location belongs to a network, by ref.
func (p *Place) In(network string) bool { return slices.Contains(p.Networks, network) }

// InventoryCatalogues lists the account's inventory catalogues, by ref.
func (p *Places) InventoryCatalogues() []*inventory.InventoryCatalogue {
	out := make([]*inventory.InventoryCatalogue, 0, len(p.stock))
	for _, c := range p.stock {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *inventory.InventoryCatalogue) int { return strings.Compare(a.Ref, b.Ref) })
	return out
}
