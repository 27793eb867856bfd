package api

import (
	"context"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Permissions maps every procedure of the control plane and of nodes to the permission that its declaration names.
func Permissions() map[string]string {
	out := map[string]string{}
	for procedure, method := range methods() {
		out[procedure], _ = proto.GetExtension(method.Options(), cpv1.E_Permission).(string)
	}
	return out
}

// methods are the methods of the control plane and of nodes by their procedures.
func methods() map[string]protoreflect.MethodDescriptor {
	out := map[string]protoreflect.MethodDescriptor{}
	for _, pkg := range []protoreflect.FullName{"fluent.controlplane.v1", "fluent.node.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				for j := range service.Methods().Len() {
					method := service.Methods().Get(j)
					out["/"+string(service.FullName())+"/"+string(method.Name())] = method
				}
			}
			return true
		})
	}
	return out
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
