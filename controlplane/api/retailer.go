package api

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

type retailers struct{ *API }

// CreateRetailer allots a number and starts the retailer's preparation.
func (a retailers) CreateRetailer(ctx context.Context, r *cpv1.CreateRetailerRequest) (*cpv1.CreateRetailerResponse, error) {
	if r.GetRetailer().GetRef() == "" {
		return nil, fault.Invalidf("retailer.ref", "A retailer needs a ref.")
	}
	created, err := a.createRetailer(ctx, r.GetRetailer(), r)
	if err != nil {
		return nil, err
	}
	return &cpv1.CreateRetailerResponse{Retailer: created.GetRetailer(), Operation: created.GetOperation()}, nil
}

// createRetailer records a retailer that an operator or, through a node, a tenant asks for.
func (a *API) createRetailer(ctx context.Context, wanted *cpv1.Retailer, request proto.Message) (*statev1.RetailerCreated, error) {
	retailer := withDefaults(wanted, "")
	retailer.Account = wanted.GetAccount()
	result, err := a.change(ctx, &statev1.CreateRetailer{Retailer: retailer}, request)
	if err != nil {
		return nil, err
	}
	return as[*statev1.RetailerCreated](result), nil
}

// GetRetailer reads one retailer.
func (a retailers) GetRetailer(_ context.Context, r *cpv1.GetRetailerRequest) (*cpv1.GetRetailerResponse, error) {
	key := state.RetailerKey(r.GetAccount(), r.GetNumber())
	retailer, found := state.Retailers.Get(a.Store.View(), key)
	if !found {
		return nil, absent("retailer", key)
	}
	return &cpv1.GetRetailerResponse{Retailer: retailer}, nil
}

// ListRetailers reads the retailers of an account by number.
func (a retailers) ListRetailers(_ context.Context, r *cpv1.ListRetailersRequest) (*cpv1.ListRetailersResponse, error) {
	p, err := page(r, r.GetAccount()+"/")
	if err != nil {
		return nil, err
	}
	v := a.Store.View()
	if _, found := state.Accounts.Get(v, r.GetAccount()); !found {
		return nil, absent("account", r.GetAccount())
	}
	list, next := state.Retailers.List(v, p)
	return &cpv1.ListRetailersResponse{Retailers: list, NextPageToken: pageToken(r, next)}, nil
}

// UpdateRetailer changes the fields in update_mask.
func (a retailers) UpdateRetailer(ctx context.Context, r *cpv1.UpdateRetailerRequest) (*cpv1.UpdateRetailerResponse, error) {
	wanted := r.GetRetailer()
	key := state.RetailerKey(wanted.GetAccount(), wanted.GetNumber())
	var out *cpv1.Retailer
	err := retried(wanted.GetEtag(), func() error {
		current, found := state.Retailers.Get(a.Store.View(), key)
		if !found {
			return absent("retailer", key)
		}
		next, err := merged(current, wanted, r.GetUpdateMask(), "trading_name", "time_zone", "currency")
		if err != nil {
			return err
		}
		body := &statev1.UpdateRetailer{Retailer: next, Etag: first(wanted.GetEtag(), current.GetEtag())}
		result, err := a.change(ctx, body, r)
		out = as[*cpv1.Retailer](result)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cpv1.UpdateRetailerResponse{Retailer: out}, nil
}
