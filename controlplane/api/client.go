package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// clients serves operators.
type clients struct{ *API }

// How long the secret before goes on: where a rotation says nothing, and at most.
const (
	usualOverlap   = 24 * time.Hour
	longestOverlap = 90 * 24 * time.Hour
)

// CreateApiClient makes a client and its first secret, of which only the hash goes further than this function.
func (a clients) CreateApiClient(ctx context.Context, r *cpv1.CreateApiClientRequest) (*cpv1.CreateApiClientResponse, error) {
	secret := first(r.GetClientSecret(), password.Secret(secretBytes))
	made, result, err := a.createClient(ctx, r.GetClient(), secretHash(secret), r)
	if err != nil {
		return nil, err
	}
	if result.Replayed || r.GetValidateOnly() {
		secret = "" // it was not used
	}
	return &cpv1.CreateApiClientResponse{Client: made, ClientSecret: secret}, nil
}

// ListApiClients reads the clients of the accounts that the caller may see.
func (a clients) ListApiClients(ctx context.Context, r *cpv1.ListApiClientsRequest) (*cpv1.ListApiClientsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	list := clientList{view: a.Store.View(), now: timestamppb.New(a.Now()), decision: policy.FromContext(ctx), wanted: r, after: p.After, limit: p.Limit}
	list.read()
	return &cpv1.ListApiClientsResponse{Clients: list.clients, NextPageToken: pageToken(r, list.next)}, nil
}

// clientList is one page of clients under way. Its key is the last client's id.
type clientList struct {
	view     state.View
	now      *timestamppb.Timestamp
	decision policy.Decision
	wanted   *cpv1.ListApiClientsRequest
	after    string
	limit    int

	clients []*cpv1.ApiClient
	next    string
}

func (l *clientList) read() {
	if only := l.wanted.GetAccount(); only != "" {
		record, _ := state.Accounts.Get(l.view, only)
		l.add(record)
		return
	}
	from := string(tenancy.AccountOfClient(l.after))
	if record, found := state.Accounts.Get(l.view, from); found {
		l.add(record)
	}
	for page := (state.Page{After: from, Limit: l.limit}); l.next == ""; {
		records, next := state.Accounts.List(l.view, page)
		for _, record := range records {
			l.add(record)
		}
		if next == "" {
			return
		}
		page.After = next
	}
}

// add takes the clients of an account by their ids, of which its name is the first, until the page is full.
func (l *clientList) add(record *statev1.AccountRecord) {
	at := record.GetAccount()
	if l.next != "" || !l.decision.Covers(policy.Resource{Region: at.GetRegion(), Environment: at.GetEnvironment(), Account: at.GetName()}) {
		return
	}
	byID := slices.SortedFunc(slices.Values(at.GetClients()), func(a, b *cpv1.ApiClient) int { return strings.Compare(a.GetClientId(), b.GetClientId()) })
	for _, c := range byID {
		if l.after != "" && string(tenancy.AccountOfClient(l.after)) == at.GetName() && c.GetClientId() <= l.after {
			continue
		}
		public := state.PublicClient(record, c, l.now)
		if l.wanted.GetOverPrivileged() && (!public.GetOverPrivileged() || public.GetState() != cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE) {
			continue
		}
		if len(l.clients) == l.limit {
			l.next = l.clients[l.limit-1].GetClientId()
			return
		}
		l.clients = append(l.clients, public)
	}
}

// UpdateApiClient changes the fields in update_mask.
func (a clients) UpdateApiClient(ctx context.Context, r *cpv1.UpdateApiClientRequest) (*cpv1.UpdateApiClientResponse, error) {
	out, _, err := a.updateClient(ctx, r.GetClient(), r.GetUpdateMask(), r)
	return &cpv1.UpdateApiClientResponse{Client: out}, err
}

// RotateApiClientSecret gives a client a new secret.
func (a clients) RotateApiClientSecret(ctx context.Context, r *cpv1.RotateApiClientSecretRequest) (*cpv1.RotateApiClientSecretResponse, error) {
	secret := first(r.GetClientSecret(), password.Secret(secretBytes))
	out, result, err := a.rotateClient(ctx, r.GetClientId(), secretHash(secret), r.GetOverlap(), r)
	if err != nil {
		return nil, err
	}
	if result.Replayed {
		secret = ""
	}
	return &cpv1.RotateApiClientSecretResponse{Client: out, ClientSecret: secret}, nil
}

// RevokeApiClient ends a client for good.
func (a clients) RevokeApiClient(ctx context.Context, r *cpv1.RevokeApiClientRequest) (*cpv1.RevokeApiClientResponse, error) {
	out, _, err := a.revokeClient(ctx, r.GetClientId(), r.GetEtag(), r)
	return &cpv1.RevokeApiClientResponse{Client: out}, err
}

// The functions that follow carry out what operators ask for and, through nodes, tenants. Each answers when the ready nodes of the
// account's environment have said that they know of the change, or a moment later.

func (a *API) createClient(ctx context.Context, c *cpv1.ApiClient, hash []byte, request proto.Message) (*cpv1.ApiClient, state.Result, error) {
	if string(tenancy.AccountOfClient(c.GetClientId())) == c.GetClientId() {
		return nil, state.Result{}, fault.Invalidf("client.client_id", "The id of another client is its account's name, a dash, and a name in small letters: %s-erp.", c.GetClientId())
	}
	return a.clientChange(ctx, c.GetClientId(), &statev1.CreateApiClient{Client: c, SecretHash: hash}, request)
}

func (a *API) updateClient(ctx context.Context, wanted *cpv1.ApiClient, mask *fieldmaskpb.FieldMask, request proto.Message) (*cpv1.ApiClient, state.Result, error) {
	var out *cpv1.ApiClient
	var result state.Result
	err := retried(wanted.GetEtag(), func() error {
		_, current, found := state.ClientRecord(a.Store.View(), wanted.GetClientId())
		if !found {
			return absent("API client", wanted.GetClientId())
		}
		next, err := merged(current, wanted, mask, "description", "roles", "expire_time")
		if err != nil {
			return err
		}
		body := &statev1.UpdateApiClient{Client: next, Etag: first(wanted.GetEtag(), current.GetEtag())}
		out, result, err = a.clientChange(ctx, wanted.GetClientId(), body, request)
		return err
	})
	return out, result, err
}

func (a *API) rotateClient(ctx context.Context, id string, hash []byte, overlap *durationpb.Duration, request proto.Message) (*cpv1.ApiClient, state.Result, error) {
	body := &statev1.RotateApiClient{ClientId: id, SecretHash: hash}
	switch {
	case overlap.AsDuration() < 0 || overlap.AsDuration() > longestOverlap:
		return nil, state.Result{}, fault.Invalidf("overlap", "The secret before goes on for between 0 and %d days.", longestOverlap/(24*time.Hour))
	case overlap == nil:
		body.OverlapEnd = timestamppb.New(a.Now().Add(usualOverlap))
	case overlap.AsDuration() > 0:
		body.OverlapEnd = timestamppb.New(a.Now().Add(overlap.AsDuration()))
	}
	return a.clientChange(ctx, id, body, request)
}

func (a *API) revokeClient(ctx context.Context, id, etag string, request proto.Message) (*cpv1.ApiClient, state.Result, error) {
	return a.clientChange(ctx, id, &statev1.RevokeApiClient{ClientId: id, Etag: etag}, request)
}

func (a *API) clientChange(ctx context.Context, id string, body, request proto.Message) (*cpv1.ApiClient, state.Result, error) {
	result, err := a.change(ctx, body, request)
	if err != nil {
		return nil, result, err
	}
	if result.Index > 0 {
		nodes{a}.awaitNodes(ctx, string(tenancy.AccountOfClient(id)), uint64(result.Index))
	}
	return as[*cpv1.ApiClient](result), result, nil
}
