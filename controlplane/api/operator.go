package api

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// operators serves sign-in and operators.
type operators struct{ *API }

// keyDelay is how long a new key is known before it signs, so that every verifier has it by then.
const keyDelay = 10 * time.Second

// GetKeys reads the public keys.
func (a operators) GetKeys(context.Context, *cpv1.GetKeysRequest) (*cpv1.GetKeysResponse, error) {
	keys, _ := state.SigningKeys.List(a.Store.View(), state.Page{})
	out := &cpv1.GetKeysResponse{}
	for _, k := range keys {
		out.Keys = append(out.Keys, publicKey(k))
	}
	return out, nil
}

func publicKey(k *statev1.SigningKey) *cpv1.VerificationKey {
	return &cpv1.VerificationKey{KeyId: k.GetKeyId(), Ed25519: k.GetPublic(), ActiveTime: k.GetActiveTime()}
}

// WhoAmI tells the caller who it is and what it may.
func (a operators) WhoAmI(ctx context.Context, _ *cpv1.WhoAmIRequest) (*cpv1.WhoAmIResponse, error) {
	p, _ := auth.FromContext(ctx)
	record, found := state.Operators.Get(a.Store.View(), p.Subject)
	if !found {
		return nil, absent("operator", p.Subject)
	}
	permissions, err := a.permissionsOf(ctx, p)
	return &cpv1.WhoAmIResponse{Operator: record.GetOperator(), Permissions: permissions}, err
}

// permissionsOf asks the policy what a principal may, somewhere at least.
func (a operators) permissionsOf(ctx context.Context, p *auth.Principal) ([]string, error) {
	var out []string
	for _, permission := range a.Policy.Permissions() {
		decision, err := a.Policy.Decide(ctx, p, permission, nil)
		if err != nil {
			return nil, err
		}
		if decision.Answer != policy.Deny {
			out = append(out, permission)
		}
	}
	return out, nil
}

// ListRoles reads the roles with their permissions, from the policy itself.
func (a operators) ListRoles(ctx context.Context, _ *cpv1.ListRolesRequest) (*cpv1.ListRolesResponse, error) {
	descriptions := map[string]string{
		auth.PlatformAdministrator: "Everything, everywhere", auth.RegionOperator: "Runs the regions that the binding names",
		auth.SupportReadOnly: "Sees everything, changes nothing", auth.Implementer: "Sets up the accounts that the binding names",
	}
	out := &cpv1.ListRolesResponse{}
	for _, name := range auth.RoleNames() {
		holder := &auth.Principal{Kind: auth.OperatorKind, Subject: "role", Roles: []auth.Role{{Name: name, Regions: []string{"any"}, Accounts: []string{"any"}}}}
		permissions, err := a.permissionsOf(ctx, holder)
		if err != nil {
			return nil, err
		}
		out.Roles = append(out.Roles, &cpv1.Role{Name: name, Description: descriptions[name], Permissions: permissions})
	}
	return out, nil
}

// CreateOperator makes an operator.
func (a operators) CreateOperator(ctx context.Context, r *cpv1.CreateOperatorRequest) (*cpv1.CreateOperatorResponse, error) {
	made := ""
	if r.GetPassword() == "" {
		made = password.Secret(secretBytes)
	} else if err := password.Acceptable(r.GetOperator().GetUsername(), r.GetPassword(), "password"); err != nil {
		return nil, err
	}
	hash, err := a.Passwords.Hash(ctx, first(r.GetPassword(), made))
	if err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.PutOperator{Operator: r.GetOperator(), PasswordHash: hash}, r)
	if err != nil {
		return nil, err
	}
	if result.Replayed {
		made = ""
	}
	return &cpv1.CreateOperatorResponse{Operator: as[*cpv1.Operator](result), Password: made}, nil
}

// ListOperators reads operators by username.
func (a operators) ListOperators(_ context.Context, r *cpv1.ListOperatorsRequest) (*cpv1.ListOperatorsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	list, next := state.Operators.List(a.Store.View(), p)
	out := &cpv1.ListOperatorsResponse{NextPageToken: pageToken(r, next)}
	for _, record := range list {
		out.Operators = append(out.Operators, record.GetOperator())
	}
	return out, nil
}

// UpdateOperator changes the fields in update_mask.
func (a operators) UpdateOperator(ctx context.Context, r *cpv1.UpdateOperatorRequest) (*cpv1.UpdateOperatorResponse, error) {
	wanted := r.GetOperator()
	var out *cpv1.Operator
	err := retried(wanted.GetEtag(), func() error {
		current, found := state.Operators.Get(a.Store.View(), wanted.GetUsername())
		if !found {
			return absent("operator", wanted.GetUsername())
		}
		next, err := merged(current.GetOperator(), wanted, r.GetUpdateMask(), "display_name", "bindings", "disabled")
		if err != nil {
			return err
		}
		body := &statev1.PutOperator{Operator: next, Etag: first(wanted.GetEtag(), current.GetOperator().GetEtag())}
		result, err := a.change(ctx, body, r)
		out = as[*cpv1.Operator](result)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cpv1.UpdateOperatorResponse{Operator: out}, nil
}

// RotateKey makes a new signing key that signs once everybody has it.
func (a operators) RotateKey(ctx context.Context, r *cpv1.RotateKeyRequest) (*cpv1.RotateKeyResponse, error) {
	key, err := keyring.NewKey(a.Now().Add(keyDelay))
	if err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.AddSigningKey{Key: key}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.RotateKeyResponse{Key: publicKey(as[*statev1.SigningKey](result))}, nil
}
