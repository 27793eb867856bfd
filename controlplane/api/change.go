package api

import (
	"context"
	"crypto/sha256"
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// change makes a command of a request and commits it. A request with validate_only is tried against the state and changes nothing.
func (a *API) change(ctx context.Context, body proto.Message, request proto.Message) (state.Result, error) {
	meta, err := a.meta(ctx, request)
	if err != nil {
		return state.Result{}, err
	}
	command, err := state.Command(meta, body)
	if err != nil {
		return state.Result{}, err
	}
	if v, ok := request.(interface{ GetValidateOnly() bool }); ok && v.GetValidateOnly() {
		message, err := a.Store.DryRun(command)
		return state.Result{Message: message}, err
	}
	result, err := a.Consensus.Apply(ctx, command)
	if err != nil {
		return result, err
	}
	sayIndex(ctx, result.Index)
	return result, nil
}

// authored is what nodes pass on of what tenants' users do.
type authored interface {
	GetAccount() string
	GetAuthor() string
}

func (a *API) meta(ctx context.Context, request proto.Message) (*statev1.Meta, error) {
	m := &statev1.Meta{Time: timestamppb.New(a.Now()), Actor: actor(ctx)}
	if r, ok := request.(authored); ok && r.GetAuthor() != "" {
		m.Actor = "user/" + r.GetAccount() + "/" + r.GetAuthor() + " via " + m.GetActor()
	}
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		m.Procedure = info.Spec.Procedure
	}
	if r, ok := request.(interface{ GetRequestId() string }); ok {
		m.RequestId = r.GetRequestId()
	}
	if m.GetRequestId() == "" {
		return m, nil
	}
	bare := proto.Clone(request)
	forgetSecrets(bare.ProtoReflect())
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(bare)
	if err != nil {
		return nil, fmt.Errorf("encode a request: %w", err)
	}
	sum := sha256.Sum256(encoded)
	m.Fingerprint = sum[:]
	return m, nil
}

// actor names the caller for the audit.
func actor(ctx context.Context) string {
	p, ok := auth.FromContext(ctx)
	if !ok {
		return "anybody"
	}
	kind := string(p.Kind)
	if p.Kind == auth.NodeKind {
		kind = p.NodeKind
	}
	return kind + "/" + p.Subject
}

// secretFields never enter the log of changes, not even as a hash that could be guessed at.
var secretFields = map[protoreflect.Name]bool{
	"password": true, "old_password": true, "new_password": true, "client_secret": true, "token": true, "database_url": true,
}

func forgetSecrets(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case secretFields[f.Name()]:
			m.Clear(f)
		case f.Message() != nil && !f.IsList() && !f.IsMap():
			forgetSecrets(v.Message())
		}
		return true
	})
}
