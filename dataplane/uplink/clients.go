package uplink

import (
	"context"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The calls that follow keep an account's API clients in the name of a tenant. Each change waits until this process works by it; the other
// nodes know of it by then, or a moment later. The error is Unavailable when no server answers.

// ListClients reads an account's clients.
func (u *Uplink) ListClients(ctx context.Context, req *nodev1.ListClientsRequest) ([]*cpv1.ApiClient, error) {
	var out *nodev1.ListClientsResponse
	err := u.ask(ctx, commitTime, func(ctx context.Context, c *plane) (err error) {
		out, err = c.ListClients(ctx, req)
		return err
	})
	if err != nil {
		return nil, asFault(ctx, "The API clients cannot be read now", err)
	}
	return out.GetClients(), nil
}

// CreateClient makes a client.
func (u *Uplink) CreateClient(ctx context.Context, req *nodev1.CreateClientRequest) (*cpv1.ApiClient, error) {
	return changeClient(ctx, u, func(ctx context.Context, c *plane) (changedClient, error) { return c.CreateClient(ctx, req) })
}

// UpdateClient changes a client.
func (u *Uplink) UpdateClient(ctx context.Context, req *nodev1.UpdateClientRequest) (*cpv1.ApiClient, error) {
	return changeClient(ctx, u, func(ctx context.Context, c *plane) (changedClient, error) { return c.UpdateClient(ctx, req) })
}

// RotateClient gives a client a new secret.
func (u *Uplink) RotateClient(ctx context.Context, req *nodev1.RotateClientRequest) (*cpv1.ApiClient, error) {
	return changeClient(ctx, u, func(ctx context.Context, c *plane) (changedClient, error) { return c.RotateClient(ctx, req) })
}

// RevokeClient ends a client.
func (u *Uplink) RevokeClient(ctx context.Context, req *nodev1.RevokeClientRequest) (*cpv1.ApiClient, error) {
	return changeClient(ctx, u, func(ctx context.Context, c *plane) (changedClient, error) { return c.RevokeClient(ctx, req) })
}

type changedClient interface {
	GetClient() *cpv1.ApiClient
	GetIndex() uint64
}

func changeClient(ctx context.Context, u *Uplink, change func(context.Context, *plane) (changedClient, error)) (*cpv1.ApiClient, error) {
	var out changedClient
	err := u.ask(ctx, commitTime, func(ctx context.Context, c *plane) (err error) {
		out, err = change(ctx, c)
		return err
	})
	if err != nil {
		return nil, asFault(ctx, "The API client cannot be changed now", err)
	}
	return out.GetClient(), u.waitFor(ctx, out.GetIndex())
}
