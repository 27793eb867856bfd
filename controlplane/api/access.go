package api

import (
	"context"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Permissions maps every procedure of the control plane and of nodes to the permission that its declaration names.
func Permissions() map[string]string {
	out := map[string]string{}
	for _, pkg := range []protoreflect.FullName{"fluent.controlplane.v1", "fluent.node.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				for j := range service.Methods().Len() {
					method := service.Methods().Get(j)
					out["/"+string(service.FullName())+"/"+string(method.Name())] = declared(method)
				}
			}
			return true
		})
	}
	return out
}

func declared(method protoreflect.MethodDescriptor) string {
	options, ok := method.Options().(*descriptorpb.MethodOptions)
	if !ok {
		return ""
	}
	permission, _ := proto.GetExtension(options, cpv1.E_Permission).(string)
	return permission
}

func permissionOf() func(string) (string, bool) {
	all := Permissions()
	return func(procedure string) (string, bool) {
		permission := all[procedure]
		return permission, permission != ""
	}
}

// authenticate proves an operator's token with the keys of this moment; the roles are those of this moment too.
func (a *API) authenticate(ctx context.Context, raw string) (*auth.Principal, error) {
	verifier, err := a.Keys.Verifier()
	if err != nil {
		return nil, err
	}
	return interceptor.Tokens(verifier, a.rolesOf)(ctx, raw)
}

// proved reports whether a request shows who sends it; whether he may is decided later.
func (a *API) proved(r *http.Request) bool {
	if _, shown := trust.Caller(r.Context()); shown {
		return true
	}
	raw, ok := token.Bearer(r.Header.Get("Authorization"))
	if !ok {
		return false
	}
	_, err := a.authenticate(r.Context(), raw)
	return err == nil
}

// forStrangers lets procedures that anybody may call have small requests only.
func forStrangers() connecthttp.Option {
	permission := permissionOf()
	return connecthttp.WithConditionalOptions(func(spec connect.Spec) []connecthttp.Option {
		if p, _ := permission(spec.Procedure); p == interceptor.Public {
			return []connecthttp.Option{connecthttp.WithReadMaxBytes(wire.MaxStranger)}
		}
		return nil
	})
}

func (a *API) rolesOf(_ context.Context, o token.Operator) ([]auth.Role, error) {
	record, found := state.Operators.Get(a.Store.View(), o.Username)
	switch {
	case !found || record.GetOperator().GetDisabled():
		return nil, fault.New(fault.Unauthenticated, "The operator %s was disabled or removed.", o.Username).With("reason", "OPERATOR_GONE")
	case o.Mark != password.Mark(record.GetPasswordHash()): // releases before this one gave out tokens without a mark, for twelve hours
		return nil, fault.New(fault.Unauthenticated, "The session has ended: it was begun under another password, or by an older release.").With("reason", "PASSWORD_CHANGED")
	}
	return rolesFrom(record.GetOperator()), nil
}

func rolesFrom(o *cpv1.Operator) []auth.Role {
	var roles []auth.Role
	for _, b := range o.GetBindings() {
		roles = append(roles, auth.Role{Name: b.GetRole(), Regions: b.GetRegions(), Accounts: b.GetAccounts()})
	}
	return roles
}

// facts tells where the thing is that a request is about; false for lists, which handlers filter.
func (a *API) facts(_ context.Context, _ string, request any) (policy.Resource, bool, error) {
	v := a.Store.View()
	switch r := request.(type) {
	case *cpv1.GetRegionRequest:
		return policy.Resource{Region: r.GetName()}, true, nil
	case *cpv1.CreateRegionRequest:
		return policy.Resource{Region: r.GetRegion().GetName()}, true, nil
	case *cpv1.DeleteRegionRequest:
		return policy.Resource{Region: r.GetName()}, true, nil
	case *cpv1.UpdateRegionRequest:
		return policy.Resource{Region: r.GetRegion().GetName()}, true, nil
	case *cpv1.CreateEnvironmentRequest:
		return policy.Resource{Region: r.GetEnvironment().GetRegion(), Environment: r.GetEnvironment().GetName()}, true, nil
	case *cpv1.GetEnvironmentRequest:
		return environmentPlace(v, r.GetName()), true, nil
	case *cpv1.UpdateEnvironmentRequest:
		return environmentPlace(v, r.GetEnvironment().GetName()), true, nil
	case *cpv1.DeleteEnvironmentRequest:
		return environmentPlace(v, r.GetName()), true, nil
	case *cpv1.CreateAccountRequest:
		p := environmentPlace(v, r.GetAccount().GetEnvironment())
		p.Region, p.Account = first(p.Region, r.GetAccount().GetRegion()), r.GetAccount().GetName()
		return p, true, nil
	case *cpv1.GetNodeRequest:
		return nodePlace(v, r.GetId()), true, nil
	case *cpv1.DrainNodeRequest:
		return nodePlace(v, r.GetId()), true, nil
	case *cpv1.DeleteNodeRequest:
		return nodePlace(v, r.GetId()), true, nil
	case *cpv1.CreateJoinTokenRequest:
		p := environmentPlace(v, r.GetEnvironment())
		p.Region = first(p.Region, r.GetRegion())
		return p, true, nil
	}
	if account, single := accountOf(v, request); single {
		return accountPlace(v, account), true, nil
	}
	return policy.Resource{}, false, nil
}

// accountOf names the account that a request is about.
func accountOf(v state.View, request any) (string, bool) {
	switch r := request.(type) {
	case *cpv1.GetAccountRequest:
		return r.GetName(), true
	case *cpv1.DeleteAccountRequest:
		return r.GetName(), true
	case *cpv1.UpdateAccountRequest:
		return r.GetAccount().GetName(), true
	case *cpv1.RotateClientSecretRequest:
		return r.GetAccount(), true
	case *cpv1.CreateApiClientRequest:
		return string(tenancy.AccountOfClient(r.GetClient().GetClientId())), true
	case *cpv1.UpdateApiClientRequest:
		return string(tenancy.AccountOfClient(r.GetClient().GetClientId())), true
	case *cpv1.RotateApiClientSecretRequest:
		return string(tenancy.AccountOfClient(r.GetClientId())), true
	case *cpv1.RevokeApiClientRequest:
		return string(tenancy.AccountOfClient(r.GetClientId())), true
	case *cpv1.ListApiClientsRequest:
		return r.GetAccount(), r.GetAccount() != ""
	case *cpv1.CreateRetailerRequest:
		return r.GetRetailer().GetAccount(), true
	case *cpv1.UpdateRetailerRequest:
		return r.GetRetailer().GetAccount(), true
	case *cpv1.GetRetailerRequest:
		return r.GetAccount(), true
	case *cpv1.ListRetailersRequest:
		return r.GetAccount(), true
	}
	if r, ok := request.(interface{ GetId() string }); ok { // the operation requests
		o, _ := state.Operations.Get(v, r.GetId())
		return o.GetAccount(), true
	}
	return "", false
}

func environmentPlace(v state.View, name string) policy.Resource {
	e, _ := state.Environments.Get(v, name)
	return policy.Resource{Region: e.GetRegion(), Environment: name}
}

func accountPlace(v state.View, name string) policy.Resource {
	record, _ := state.Accounts.Get(v, name)
	return policy.Resource{Region: record.GetAccount().GetRegion(), Environment: record.GetAccount().GetEnvironment(), Account: name}
}

func nodePlace(v state.View, id string) policy.Resource {
	n, _ := state.Nodes.Get(v, id)
	return environmentPlace(v, n.GetEnvironment())
}

// member is the node or gateway that calls: one of the kinds, still known, and where its certificate says that it is. Certificates outlive
// nodes that were deleted, and a node of the same name may have been made elsewhere since.
func (a *API) member(ctx context.Context, kinds ...string) (*auth.Principal, *cpv1.Node, error) {
	p, err := machine(ctx, kinds...)
	if err != nil {
		return nil, nil, err
	}
	n, err := a.known(a.Store.View(), p)
	return p, n, err
}

// known finds the node that a certificate is of.
func (a *API) known(v state.View, p *auth.Principal) (*cpv1.Node, error) {
	n, found := state.Nodes.Get(v, p.Subject)
	if !found || n.GetEnvironment() != p.Environment || kindOf(n) != p.NodeKind {
		return nil, fault.New(fault.Unauthenticated, "The node %s is not known any more; join again.", p.Subject)
	}
	return n, nil
}

// kindOf is a node's kind as credentials name it.
func kindOf(n *cpv1.Node) string {
	if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_GATEWAY {
		return gatewayKind
	}
	return nodeKind
}

// machine is the node, gateway or host that calls; kinds says which of them may.
func machine(ctx context.Context, kinds ...string) (*auth.Principal, error) {
	p, ok := auth.FromContext(ctx)
	if ok && p.Kind == auth.NodeKind {
		for _, k := range kinds {
			if p.NodeKind == k {
				return p, nil
			}
		}
	}
	return nil, fault.New(fault.Forbidden, "This method is for machines of another kind.")
}
