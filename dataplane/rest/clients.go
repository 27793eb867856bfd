package rest

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// clientRequest is what can be said of an API client. Members that are absent stay as they are.
type clientRequest struct {
	ID          string        `json:"id"`
	Description *string       `json:"description"`
	Roles       *[]clientRole `json:"roles"`
	ExpiresOn   *string       `json:"expiresOn"` // RFC 3339; empty: never
}

type clientRole struct {
	Role     string          `json:"role"`
	Contexts []clientContext `json:"contexts"`
}

type clientContext struct {
	ContextType string       `json:"contextType"`
	ContextID   httpapi.Text `json:"contextId"`
}

// clientAnswer describes an API client. The secret is there in the answer of the request that made it.
type clientAnswer struct {
	ID             string         `json:"id"`
	Description    string         `json:"description,omitempty"`
	State          string         `json:"state"`
	OverPrivileged bool           `json:"overPrivileged"`
	Roles          []clientRole   `json:"roles"`
	Secrets        []clientSecret `json:"secrets"`
	CreatedOn      string         `json:"createdOn,omitempty"`
	ExpiresOn      string         `json:"expiresOn,omitempty"`
	RevokedOn      string         `json:"revokedOn,omitempty"`
	ClientSecret   string         `json:"clientSecret,omitempty"`
}

type clientSecret struct {
	CreatedOn string `json:"createdOn,omitempty"`
	EndsOn    string `json:"endsOn,omitempty"`
}

// client reads the request, and which fields of a client it names.
func (r *clientRequest) client() (*cpv1.ApiClient, []string, error) {
	c, fields := &cpv1.ApiClient{ClientId: r.ID}, []string(nil)
	if r.Description != nil {
		c.Description, fields = *r.Description, append(fields, "description")
	}
	if r.Roles != nil {
		fields = append(fields, "roles")
		for _, role := range *r.Roles {
			next := &cpv1.ClientRole{Role: role.Role}
			for _, at := range role.Contexts {
				next.Contexts = append(next.Contexts, &cpv1.ClientContext{Type: at.ContextType, Id: string(at.ContextID)})
			}
			c.Roles = append(c.Roles, next)
		}
	}
	if r.ExpiresOn != nil {
		fields = append(fields, "expire_time")
		if *r.ExpiresOn != "" {
			at, err := time.Parse(time.RFC3339, *r.ExpiresOn)
			c.ExpireTime = timestamppb.New(at)
			if err != nil || !c.ExpireTime.IsValid() {
				return nil, nil, fault.Invalidf("expiresOn", "Want a time such as 2027-01-31T00:00:00Z, got %q", *r.ExpiresOn)
			}
		}
	}
	return c, fields, nil
}

func describeClient(c *cpv1.ApiClient, secret string) clientAnswer {
	out := clientAnswer{
		ID: c.GetClientId(), Description: c.GetDescription(), State: strings.TrimPrefix(c.GetState().String(), "API_CLIENT_STATE_"),
		OverPrivileged: c.GetOverPrivileged(), Roles: []clientRole{}, Secrets: []clientSecret{},
		CreatedOn: clientTime(c.GetCreateTime()), ExpiresOn: clientTime(c.GetExpireTime()), RevokedOn: clientTime(c.GetRevokeTime()), ClientSecret: secret,
	}
	for _, r := range c.GetRoles() {
		role := clientRole{Role: r.GetRole(), Contexts: []clientContext{}}
		for _, at := range r.GetContexts() {
			role.Contexts = append(role.Contexts, clientContext{ContextType: at.GetType(), ContextID: httpapi.Text(at.GetId())})
		}
		out.Roles = append(out.Roles, role)
	}
	for _, s := range c.GetSecrets() {
		out.Secrets = append(out.Secrets, clientSecret{CreatedOn: clientTime(s.GetCreateTime()), EndsOn: clientTime(s.GetEndTime())})
	}
	return out
}

func clientTime(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return milliseconds(t.AsTime())
}

func (a *API) listClients(c *call) (any, error) {
	all, err := a.Clients.List(c.r.Context(), c.caller)
	out := struct {
		Clients []clientAnswer `json:"clients"`
	}{[]clientAnswer{}}
	for _, client := range all {
		out.Clients = append(out.Clients, describeClient(client, ""))
	}
	return out, err
}

func (a *API) createClient(c *call) (any, error) {
	var req clientRequest
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	wanted, _, err := req.client()
	if err != nil {
		return nil, err
	}
	made, secret, err := a.Clients.Create(c.r.Context(), c.caller, wanted)
	return describeClient(made, secret), err
}

func (a *API) updateClient(c *call) (any, error) {
	var req clientRequest
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	req.ID = c.r.PathValue("client")
	wanted, fields, err := req.client()
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, fault.Invalidf("body", "Nothing to change: give description, roles or expiresOn")
	}
	changed, err := a.Clients.Update(c.r.Context(), c.caller, wanted, fields)
	return describeClient(changed, ""), err
}

// rotateClient takes a body with overlapSeconds, or none.
func (a *API) rotateClient(c *call) (any, error) {
	body, err := httpapi.ReadBody(c.w, c.r)
	if err != nil {
		return nil, err
	}
	var req struct {
		OverlapSeconds *int32 `json:"overlapSeconds"`
	}
	if len(body) > 0 {
		if err := httpapi.DecodeJSON(body, &req); err != nil {
			return nil, err
		}
	}
	var overlap *time.Duration
	if req.OverlapSeconds != nil {
		d := time.Duration(*req.OverlapSeconds) * time.Second
		overlap = &d
	}
	changed, secret, err := a.Clients.Rotate(c.r.Context(), c.caller, c.r.PathValue("client"), overlap)
	return describeClient(changed, secret), err
}

func (a *API) revokeClient(c *call) (any, error) {
	revoked, err := a.Clients.Revoke(c.r.Context(), c.caller, c.r.PathValue("client"))
	return describeClient(revoked, ""), err
}
