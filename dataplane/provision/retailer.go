package provision

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/entity"
	stock "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// networks are what the default sourcing profiles and virtual catalogues name, by what they deliver.
var networks = []struct{ ref, kind string }{{"NET_ALL", ""}, {"NET_HD", "HD"}, {"NET_CC", "CC"}}

// PrepareRetailer makes a retailer with its networks, catalogues and the location that carries unfulfillable items, and stores its
// default workflows. Retailers of an account share the networks.
func (s *Service) PrepareRetailer(ctx context.Context, req *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	scope, err := accountScope(req.GetAccount())
	if err != nil {
		return nil, err
	}
	if req.GetRetailer() <= 0 {
		return nil, fault.Invalidf("retailer", "A retailer's number is positive, got %d", req.GetRetailer())
	}
	defaults, err := s.defaults(tenancy.RetailerID(req.GetRetailer()))
	if err != nil {
		return nil, fmt.Errorf("default workflows of retailer %d: %w", req.GetRetailer(), err)
	}
	leave, err := s.budget.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare retailer %d of %s: %w", req.GetRetailer(), req.GetAccount(), err)
	}
	defer leave()
	answer, err := s.prepareRetailer(ctx, scope, req, defaults)
	if err != nil {
		return nil, fmt.Errorf("prepare retailer %d of %s: %w", req.GetRetailer(), req.GetAccount(), err)
	}
	return answer, nil
}

// prepareRetailer costs three round trips: for the ids, for what is there, and for what is not.
func (s *Service) prepareRetailer(ctx context.Context, scope tenancy.Scope, req *nodev1.PrepareRetailerRequest, defaults []Artefact) (*nodev1.PrepareRetailerResponse, error) {
	contents := make([][]byte, len(defaults))
	for i := range defaults {
		contents[i] = defaults[i].Content
	}
	ids, err := s.db.NewIDsOf(ctx, scope, map[*catalogue.Type]int{
		store.TypeOf[foundation.Network](s.db): len(networks), store.TypeOf[foundation.Location](s.db): 1, store.TypeOf[foundation.StoreAddress](s.db): 1,
		store.TypeOf[foundation.OpeningSchedule](s.db): 1, store.TypeOf[foundation.Setting](s.db): 2,
		store.TypeOf[inventory.ProductCatalogue](s.db): 2, store.TypeOf[inventory.InventoryCatalogue](s.db): 2, store.TypeOf[inventory.VirtualCatalogue](s.db): 2,
	})
	if err != nil {
		return nil, err
	}
	answer := &nodev1.PrepareRetailerResponse{Artefacts: map[string]string{}}
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		for i, hash := range artefacts.PutAll(tx, contents...) {
			answer.Artefacts[defaults[i].Name] = hash
		}
		r := &retailer{service: s, tx: tx, ids: maps.Clone(ids), request: req, number: strconv.Itoa(int(req.GetRetailer())),
			made: s.making(tx, tenancy.RetailerID(req.GetRetailer()))}
		return r.insert(ctx, versions(defaults))
	})
	return answer, err
}

// retailer is one PrepareRetailer under way.
type retailer struct {
	service *Service
	tx      *store.Tx
	ids     map[*catalogue.Type][]catalogue.ID // not used yet
	request *nodev1.PrepareRetailerRequest
	number  string
	made    *entity.Making

	retailer *foundation.Retailer
}

// versions are those of the default workflows, by name: workflow/ORDER::HD/1 is ORDER::HD 1.0.
func versions(defaults []Artefact) entity.Versions {
	out := entity.Versions{}
	for _, a := range defaults {
		parts := strings.Split(a.Name, "/")
		if n, err := workflow.VersionNumber(parts[len(parts)-1] + ".0"); err == nil && len(parts) == 3 {
			out[parts[1]] = n
		}
	}
	return out
}

func (r *retailer) insert(ctx context.Context, flows entity.Versions) error {
	db := r.service.db
	keys := make([]store.Key, len(networks))
	for i, n := range networks {
		keys[i] = store.Key{n.ref}
	}
	look := r.tx.Pipeline()
	there, existing := look.ByID(store.TypeOf[foundation.Retailer](db), catalogue.ID(r.number)), look.ByKey(store.TypeOf[foundation.Network](db), keys...)
	if err := look.Run(ctx); err != nil {
		return fmt.Errorf("look for the retailer and its account's networks: %w", err)
	}
	if (*there)[0] != nil { // an earlier attempt got this far
		return nil
	}
	r.retailer = &foundation.Retailer{Node: catalogue.Node{ID: catalogue.ID(r.number)}, Ref: r.request.GetRef(), TradingName: r.request.GetTradingName()}
	r.made.Make(r.retailer)
	r.catalogues(r.networks(*existing))
	r.rejected()
	r.settings()
	return insert(ctx, r.tx, r.made, flows)
}

// take gives the next of the ids that were allotted for a type.
func (r *retailer) take(typ *catalogue.Type) catalogue.ID {
	id := r.ids[typ][0]
	r.ids[typ] = r.ids[typ][1:]
	return id
}

// networks links the retailer to the stock networks, making those that the account has not got yet. It returns their ids.
func (r *retailer) networks(existing []any) []catalogue.ID {
	typ := store.TypeOf[foundation.Network](r.service.db)
	ids := make([]catalogue.ID, len(networks))
	for i, n := range networks {
		x := &entity.Draft{Type: typ, Entity: existing[i], New: existing[i] == nil, Joins: []entity.Join{{Edge: typ.Edge("retailers"), Entity: r.retailer}}}
		if x.New {
			x.Entity = &foundation.Network{Node: catalogue.Node{ID: r.take(typ)}, Ref: n.ref, Type: n.kind}
		}
		r.made.Drafts = append(r.made.Drafts, x)
		ids[i] = typ.ID(x.Entity)
	}
	return ids
}

// catalogues makes the product and inventory catalogues, those for older clients, and the virtual catalogues of all locations and
// of home delivery.
func (r *retailer) catalogues(networkIDs []catalogue.ID) {
	db, refs := r.service.db, []string{r.number}
	for _, ref := range []string{"PC:MASTER:" + r.number, "COMPATIBILITY:" + r.number} {
		r.made.Make(&inventory.ProductCatalogue{Node: r.node(store.TypeOf[inventory.ProductCatalogue](db)),
			Ref: ref, Orchestrated: working("MASTER"), Name: ref, RetailerRefs: refs})
	}
	for _, ref := range []string{"DEFAULT:" + r.number, "COMPATIBILITY:" + r.number} {
		r.made.Make(&inventory.InventoryCatalogue{Node: r.node(store.TypeOf[inventory.InventoryCatalogue](db)),
			Ref: ref, Orchestrated: working("DEFAULT"), Name: ref, RetailerRefs: refs})
	}
	for _, v := range []struct {
		ref, kind string
		network   catalogue.ID
	}{{"BASE:" + r.number, "BASE", networkIDs[0]}, {"HD_AGG:" + r.number, "AGGREGATE", networkIDs[1]}} {
		r.made.Make(&inventory.VirtualCatalogue{
			Node: r.node(store.TypeOf[inventory.VirtualCatalogue](db)),
			Ref:  v.ref, Orchestrated: working(v.kind), Name: v.ref, RetailerRefs: refs,
			InventoryCatalogueRef: "DEFAULT:" + r.number, ProductCatalogueRef: "PC:MASTER:" + r.number, NetworkIDs: []string{string(v.network)},
		})
	}
}

// working is what a catalogue begins with that no event has to activate.
func working(kind string) catalogue.Orchestrated {
	return catalogue.Orchestrated{Type: kind, Status: "ACTIVE"}
}

// node is the next id of a type.
func (r *retailer) node(typ *catalogue.Type) catalogue.Node { return catalogue.Node{ID: r.take(typ)} }

// rejectedRef is the location that carries what no place can fulfil. Location refs are unique in the account.
func (r *retailer) rejectedRef() string {
	if r.number == "1" {
		return "REJECTED"
	}
	return "REJ" + r.number
}

func (r *retailer) rejected() {
	db := r.service.db
	location := &foundation.Location{
		Node: r.node(store.TypeOf[foundation.Location](db)),
		Ref:  r.rejectedRef(), Type: "REJECTED", Name: "Unfulfillable items", RetailerID: catalogue.ID(r.number),
	}
	address := &foundation.StoreAddress{LocationID: location.ID}
	address.Node = r.node(store.TypeOf[foundation.StoreAddress](db))
	address.Ref, address.Name, address.TimeZone = location.Ref, location.Name, r.request.GetTimeZone()
	schedule := &foundation.OpeningSchedule{Node: r.node(store.TypeOf[foundation.OpeningSchedule](db)), AllHours: true, LocationID: location.ID}
	location.PrimaryAddressID, location.OpeningScheduleID = address.ID, schedule.ID
	r.made.Make(location, address, schedule)
}

func (r *retailer) settings() {
	typ, number := store.TypeOf[foundation.Setting](r.service.db), int(r.request.GetRetailer())
	for _, s := range []struct{ name, value string }{
		{ordering.RejectedLocation.Name(), r.rejectedRef()},
		{stock.DefaultCatalogue.Name(), "DEFAULT:" + r.number},
	} {
		kept := &foundation.Setting{Name: s.name, Context: string(setting.Retailer), ContextID: number, ValueType: "STRING", Value: s.value}
		kept.ID = r.take(typ)
		r.made.Make(kept)
	}
}
