package api

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// nodeClients serves nodes, which call in the name of their tenants' administrators. A node is believed what its tenant may, within its
// environment: it holds the tenant's data anyway. A client of another account reads like one that does not exist.
type nodeClients struct{ nodes }

// of checks that a node calls, for an account of its environment, about a client of that account.
func (a nodeClients) of(ctx context.Context, account, client string) error {
	if err := a.home(ctx, account); err != nil {
		return err
	}
	if string(tenancy.AccountOfClient(client)) != account {
		return absent("API client", client)
	}
	return nil
}

// ListClients reads an account's clients.
func (a nodeClients) ListClients(ctx context.Context, r *nodev1.ListClientsRequest) (*nodev1.ListClientsResponse, error) {
	if err := a.home(ctx, r.GetAccount()); err != nil {
		return nil, err
	}
	record, found := state.Accounts.Get(a.Store.View(), r.GetAccount())
	if !found {
		return nil, absent("account", r.GetAccount())
	}
	now := timestamppb.New(a.Now())
	out := &nodev1.ListClientsResponse{}
	for _, c := range record.GetAccount().GetClients() {
		out.Clients = append(out.Clients, state.PublicClient(record, c, now))
	}
	return out, nil
}

// CreateClient makes a client.
func (a nodeClients) CreateClient(ctx context.Context, r *nodev1.CreateClientRequest) (*nodev1.CreateClientResponse, error) {
	if err := a.of(ctx, r.GetAccount(), r.GetClient().GetClientId()); err != nil {
		return nil, err
	}
	c, result, err := a.createClient(ctx, r.GetClient(), r.GetSecretHash(), r)
	return answered(c, result, err, func(c *cpv1.ApiClient, index uint64) *nodev1.CreateClientResponse {
		return &nodev1.CreateClientResponse{Client: c, Index: index}
	})
}

// UpdateClient changes the fields in update_mask.
func (a nodeClients) UpdateClient(ctx context.Context, r *nodev1.UpdateClientRequest) (*nodev1.UpdateClientResponse, error) {
	if err := a.of(ctx, r.GetAccount(), r.GetClient().GetClientId()); err != nil {
		return nil, err
	}
	c, result, err := a.updateClient(ctx, r.GetClient(), r.GetUpdateMask(), r)
	return answered(c, result, err, func(c *cpv1.ApiClient, index uint64) *nodev1.UpdateClientResponse {
		return &nodev1.UpdateClientResponse{Client: c, Index: index}
	})
}

// RotateClient gives a client a new secret.
func (a nodeClients) RotateClient(ctx context.Context, r *nodev1.RotateClientRequest) (*nodev1.RotateClientResponse, error) {
	if err := a.of(ctx, r.GetAccount(), r.GetClientId()); err != nil {
		return nil, err
	}
	c, result, err := a.rotateClient(ctx, r.GetClientId(), r.GetSecretHash(), r.GetOverlap(), r)
	return answered(c, result, err, func(c *cpv1.ApiClient, index uint64) *nodev1.RotateClientResponse {
		return &nodev1.RotateClientResponse{Client: c, Index: index}
	})
}

// RevokeClient ends a client for good.
func (a nodeClients) RevokeClient(ctx context.Context, r *nodev1.RevokeClientRequest) (*nodev1.RevokeClientResponse, error) {
	if err := a.of(ctx, r.GetAccount(), r.GetClientId()); err != nil {
		return nil, err
	}
	c, result, err := a.revokeClient(ctx, r.GetClientId(), r.GetEtag(), r)
	return answered(c, result, err, func(c *cpv1.ApiClient, index uint64) *nodev1.RevokeClientResponse {
		return &nodev1.RevokeClientResponse{Client: c, Index: index}
	})
}

func answered[R any](c *cpv1.ApiClient, result state.Result, err error, answer func(*cpv1.ApiClient, uint64) *R) (*R, error) {
	if err != nil {
		return nil, err
	}
	return answer(c, uint64(result.Index)), nil
}
