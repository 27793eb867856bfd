package provision

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// firstVersion is workflow version 1.0 as entities carry it.
const firstVersion = 10000

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
	answer := &nodev1.PrepareRetailerResponse{Artefacts: map[string]string{}}
	artefacts, err := s.defaults(tenancy.RetailerID(req.GetRetailer()))
	if err != nil {
		return nil, fmt.Errorf("default workflows of retailer %d: %w", req.GetRetailer(), err)
	}
	for _, a := range artefacts {
		hash, err := s.artefacts.PutArtefact(ctx, scope, a.Content)
		if err != nil {
			return nil, fmt.Errorf("keep %s: %w", a.Name, err)
		}
		answer.Artefacts[a.Name] = hash
	}
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		r := &retailer{service: s, tx: tx, scope: scope, request: req, number: strconv.Itoa(int(req.GetRetailer()))}
		return r.insert(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare retailer %d of %s: %w", req.GetRetailer(), req.GetAccount(), err)
	}
	return answer, nil
}

// retailer is one PrepareRetailer under way.
type retailer struct {
	service *Service
	tx      *store.Tx
	scope   tenancy.Scope
	request *nodev1.PrepareRetailerRequest
	number  string
}

func (r *retailer) insert(ctx context.Context) error {
	db := r.service.db
	there, err := r.tx.ByID(ctx, store.TypeOf[foundation.Retailer](db), catalogue.ID(r.number))
	if err != nil || there[0] != nil { // an earlier attempt got this far
		return err
	}
	r.tx.Insert(&foundation.Retailer{
		Node: node(catalogue.ID(r.number), r.tx), Ref: r.request.GetRef(), TradingName: r.request.GetTradingName(), Status: active,
	})
	ids, err := r.networks(ctx)
	if err != nil {
		return err
	}
	if err := r.catalogues(ctx, ids); err != nil {
		return err
	}
	if err := r.rejected(ctx); err != nil {
		return err
	}
	return r.settings(ctx)
}

// networks links the retailer to the stock networks, making those that the account has not got yet. It returns their ids.
func (r *retailer) networks(ctx context.Context) ([]catalogue.ID, error) {
	db := r.service.db
	typ := store.TypeOf[foundation.Network](db)
	retailers := typ.Edge("retailers")
	keys := make([]store.Key, len(networks))
	for i, n := range networks {
		keys[i] = store.Key{n.ref}
	}
	found, err := r.tx.ByKey(ctx, typ, keys...)
	if err != nil {
		return nil, fmt.Errorf("look for networks: %w", err)
	}
	ids := make([]catalogue.ID, len(networks))
	for i, n := range networks {
		if found[i] != nil {
			ids[i] = found[i].(*foundation.Network).ID
		} else {
			if ids[i], err = db.NewID(ctx, r.scope, typ); err != nil {
				return nil, err
			}
			r.tx.Insert(&foundation.Network{Node: node(ids[i], r.tx), Ref: n.ref, Type: n.kind, Status: active})
		}
		r.tx.Link(retailers, ids[i], catalogue.ID(r.number))
	}
	return ids, nil
}

// catalogues makes the product and inventory catalogues, those for older clients, and the virtual catalogues of all locations and
// of home delivery.
func (r *retailer) catalogues(ctx context.Context, networkIDs []catalogue.ID) error {
	refs := []string{r.number}
	for _, ref := range []string{"PC:MASTER:" + r.number, "COMPATIBILITY:" + r.number} {
		c := &inventory.ProductCatalogue{Ref: ref, Orchestrated: orchestrated("PRODUCT_CATALOGUE", "MASTER"), Name: ref, RetailerRefs: refs}
		if err := r.node(ctx, &c.Node, store.TypeOf[inventory.ProductCatalogue](r.service.db)); err != nil {
			return err
		}
		r.tx.Insert(c)
	}
	for _, ref := range []string{"DEFAULT:" + r.number, "COMPATIBILITY:" + r.number} {
		c := &inventory.InventoryCatalogue{Ref: ref, Orchestrated: orchestrated("INVENTORY_CATALOGUE", "DEFAULT"), Name: ref, RetailerRefs: refs}
		if err := r.node(ctx, &c.Node, store.TypeOf[inventory.InventoryCatalogue](r.service.db)); err != nil {
			return err
		}
		r.tx.Insert(c)
	}
	for _, v := range []struct {
		ref, kind string
		network   catalogue.ID
	}{{"BASE:" + r.number, "BASE", networkIDs[0]}, {"HD_AGG:" + r.number, "AGGREGATE", networkIDs[1]}} {
		c := &inventory.VirtualCatalogue{
			Ref: v.ref, Orchestrated: orchestrated("VIRTUAL_CATALOGUE", v.kind), Name: v.ref, RetailerRefs: refs,
			InventoryCatalogueRef: "DEFAULT:" + r.number, ProductCatalogueRef: "PC:MASTER:" + r.number, NetworkIDs: []string{string(v.network)},
		}
		if err := r.node(ctx, &c.Node, store.TypeOf[inventory.VirtualCatalogue](r.service.db)); err != nil {
			return err
		}
		r.tx.Insert(c)
	}
	return nil
}

func orchestrated(root, kind string) catalogue.Orchestrated {
	return catalogue.Orchestrated{Type: kind, Status: active, WorkflowRef: root + "::" + kind, WorkflowVersion: firstVersion}
}

// node fills an entity's id and times.
func (r *retailer) node(ctx context.Context, n *catalogue.Node, typ *catalogue.Type) error {
	id, err := r.service.db.NewID(ctx, r.scope, typ)
	if err != nil {
		return err
	}
	*n = node(id, r.tx)
	return nil
}

// rejectedRef is the location that carries what no place can fulfil. Location refs are unique in the account.
func (r *retailer) rejectedRef() string {
	if r.number == "1" {
		return "REJECTED"
	}
	return "REJ" + r.number
}

func (r *retailer) rejected(ctx context.Context) error {
	db := r.service.db
	location := &foundation.Location{
		Ref: r.rejectedRef(), Type: "REJECTED", Status: active, Name: "Unfulfillable items", RetailerID: catalogue.ID(r.number),
		WorkflowRef: "LOCATION::REJECTED",
	}
	if err := r.node(ctx, &location.Node, store.TypeOf[foundation.Location](db)); err != nil {
		return err
	}
	address := &foundation.StoreAddress{LocationID: location.ID}
	address.Type, address.Ref, address.Name, address.TimeZone = "AGENT", location.Ref, location.Name, r.request.GetTimeZone()
	if err := r.node(ctx, &address.Node, store.TypeOf[foundation.StoreAddress](db)); err != nil {
		return err
	}
	schedule := &foundation.OpeningSchedule{AllHours: true, LocationID: location.ID}
	if err := r.node(ctx, &schedule.Node, store.TypeOf[foundation.OpeningSchedule](db)); err != nil {
		return err
	}
	location.PrimaryAddressID, location.OpeningScheduleID = address.ID, schedule.ID
	r.tx.Insert(location, address, schedule)
	return nil
}

func (r *retailer) settings(ctx context.Context) error {
	db := r.service.db
	number := int(r.request.GetRetailer())
	for _, s := range []struct{ name, value string }{
		{"SYSTEM_REJECTED_LOCATION", r.rejectedRef()},
		{"DEFAULT_INVENTORY_CATALOGUE", "DEFAULT:" + r.number},
	} {
		setting := &foundation.Setting{Name: s.name, Context: "RETAILER", ContextID: number, ValueType: "STRING", Value: s.value}
		id, err := db.NewID(ctx, r.scope, store.TypeOf[foundation.Setting](db))
		if err != nil {
			return err
		}
		setting.ID = id
		r.tx.Insert(setting)
	}
	return nil
}
