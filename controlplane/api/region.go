package api

import (
	"context"
	"strings"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

type regions struct{ *API }

func absent(what, name string) error {
	if account, number, ok := strings.Cut(name, "/"); ok {
		name = account + "/" + strings.TrimLeft(number, "0") // numbers in keys have leading zeros
	}
	return fault.NotFoundf("There is no %s %q.", what, name)
}

// CreateRegion makes a region.
func (a regions) CreateRegion(ctx context.Context, r *cpv1.CreateRegionRequest) (*cpv1.CreateRegionResponse, error) {
	result, err := a.change(ctx, &statev1.PutRegion{Region: r.GetRegion()}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.CreateRegionResponse{Region: as[*cpv1.Region](result)}, nil
}

// GetRegion reads one region.
func (a regions) GetRegion(_ context.Context, r *cpv1.GetRegionRequest) (*cpv1.GetRegionResponse, error) {
	region, found := state.Regions.Get(a.Store.View(), r.GetName())
	if !found {
		return nil, absent("region", r.GetName())
	}
	return &cpv1.GetRegionResponse{Region: region}, nil
}

// ListRegions reads regions by name. Their names are no secret among operators.
func (a regions) ListRegions(ctx context.Context, r *cpv1.ListRegionsRequest) (*cpv1.ListRegionsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	decision := policy.FromContext(ctx)
	list, next := state.Regions.Filter(a.Store.View(), p, func(region *cpv1.Region) bool {
		return decision.Covers(policy.Resource{Region: region.GetName()})
	})
	return &cpv1.ListRegionsResponse{Regions: list, NextPageToken: pageToken(r, next)}, nil
}

// UpdateRegion changes the fields in update_mask.
func (a regions) UpdateRegion(ctx context.Context, r *cpv1.UpdateRegionRequest) (*cpv1.UpdateRegionResponse, error) {
	var out *cpv1.Region
	err := retried(r.GetRegion().GetEtag(), func() error {
		current, found := state.Regions.Get(a.Store.View(), r.GetRegion().GetName())
		if !found {
			return absent("region", r.GetRegion().GetName())
		}
		next, err := merged(current, r.GetRegion(), r.GetUpdateMask(), "display_name", "country", "jurisdictions", "endpoints")
		if err != nil {
			return err
		}
		body := &statev1.PutRegion{Region: next, Etag: first(r.GetRegion().GetEtag(), current.GetEtag())}
		result, err := a.change(ctx, body, r)
		out = as[*cpv1.Region](result)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cpv1.UpdateRegionResponse{Region: out}, nil
}

// DeleteRegion removes a region without environments.
func (a regions) DeleteRegion(ctx context.Context, r *cpv1.DeleteRegionRequest) (*cpv1.DeleteRegionResponse, error) {
	_, err := a.change(ctx, &statev1.DeleteRegion{Name: r.GetName(), Etag: r.GetEtag()}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.DeleteRegionResponse{}, nil
}

// as is the message of a result; nil when the command answered with none or another.
func as[T any](result state.Result) T {
	message, _ := result.Message.(T)
	return message
}
