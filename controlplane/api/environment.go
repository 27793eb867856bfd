package api

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

type environments struct{ *API }

// CreateEnvironment makes an environment.
func (a environments) CreateEnvironment(ctx context.Context, r *cpv1.CreateEnvironmentRequest) (*cpv1.CreateEnvironmentResponse, error) {
	e := proto.CloneOf(r.GetEnvironment())
	if e.GetKind() == cpv1.EnvironmentKind_ENVIRONMENT_KIND_UNSPECIFIED {
		e.Kind = cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED
	}
	if e.GetDriver() == cpv1.NodeDriver_NODE_DRIVER_UNSPECIFIED {
		e.Driver = cpv1.NodeDriver_NODE_DRIVER_STATIC
	}
	if err := checkDatabaseURL(e.GetDatabaseUrl()); err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.PutEnvironment{Environment: e}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.CreateEnvironmentResponse{Environment: shown(a.Store.View(), as[*cpv1.Environment](result))}, nil
}

// GetEnvironment reads one environment.
func (a environments) GetEnvironment(_ context.Context, r *cpv1.GetEnvironmentRequest) (*cpv1.GetEnvironmentResponse, error) {
	v := a.Store.View()
	e, found := state.Environments.Get(v, r.GetName())
	if !found {
		return nil, absent("environment", r.GetName())
	}
	return &cpv1.GetEnvironmentResponse{Environment: shown(v, e)}, nil
}

// ListEnvironments reads environments by name.
func (a environments) ListEnvironments(ctx context.Context, r *cpv1.ListEnvironmentsRequest) (*cpv1.ListEnvironmentsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	v, decision := a.Store.View(), policy.FromContext(ctx)
	list, next := state.Environments.Filter(v, p, func(e *cpv1.Environment) bool {
		return (r.GetRegion() == "" || r.GetRegion() == e.GetRegion()) && decision.Covers(policy.Resource{Region: e.GetRegion(), Environment: e.GetName()})
	})
	out := &cpv1.ListEnvironmentsResponse{NextPageToken: pageToken(r, next)}
	for _, e := range list {
		out.Environments = append(out.Environments, shown(v, e))
	}
	return out, nil
}

// UpdateEnvironment changes the fields in update_mask.
func (a environments) UpdateEnvironment(ctx context.Context, r *cpv1.UpdateEnvironmentRequest) (*cpv1.UpdateEnvironmentResponse, error) {
	wanted := proto.CloneOf(r.GetEnvironment())
	var out *cpv1.Environment
	err := retried(wanted.GetEtag(), func() error {
		current, found := state.Environments.Get(a.Store.View(), wanted.GetName())
		if !found {
			return absent("environment", wanted.GetName())
		}
		if wanted.GetDatabaseUrl() == withoutPassword(current.GetDatabaseUrl()) {
			wanted.DatabaseUrl = current.GetDatabaseUrl() // what an earlier answer showed, sent back
		} else if err := checkDatabaseURL(wanted.GetDatabaseUrl()); err != nil {
			return err
		}
		next, err := merged(current, wanted, r.GetUpdateMask(), "display_name", "kind", "database_url", "driver", "node_count", "release")
		if err != nil {
			return err
		}
		body := &statev1.PutEnvironment{Environment: next, Etag: first(wanted.GetEtag(), current.GetEtag())}
		result, err := a.change(ctx, body, r)
		out = as[*cpv1.Environment](result)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cpv1.UpdateEnvironmentResponse{Environment: shown(a.Store.View(), out)}, nil
}

// DeleteEnvironment removes an environment without accounts.
func (a environments) DeleteEnvironment(ctx context.Context, r *cpv1.DeleteEnvironmentRequest) (*cpv1.DeleteEnvironmentResponse, error) {
	_, err := a.change(ctx, &statev1.DeleteEnvironment{Name: r.GetName(), Etag: r.GetEtag()}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.DeleteEnvironmentResponse{}, nil
}

// shown is an environment as callers see it: counted, and without the database's password.
func shown(v state.View, e *cpv1.Environment) *cpv1.Environment {
	if e == nil {
		return nil
	}
	out := proto.CloneOf(e)
	out.DatabaseUrl = withoutPassword(e.GetDatabaseUrl())
	ready, _ := state.ReadyNodes(v, e.GetName())
	accounts, _ := state.Accounts.Group(v, state.InEnvironment(e.GetName()))
	out.ReadyNodes, out.Accounts = int32(len(ready)), int32(len(accounts))
	return out
}
