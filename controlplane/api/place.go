package api

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// environmentPlace and accountPlace are where things of that name are, for the policy.
func environmentPlace(v state.View, name string) policy.Resource {
	return policy.Resource(state.PlaceOf(v, "environment", name))
}

func accountPlace(v state.View, name string) policy.Resource {
	return policy.Resource(state.PlaceOf(v, "account", name))
}

// place is the Place that a method declares, ready to be looked up.
type place struct {
	filtered bool
	named    []named
}

// named is a field of a request that names a thing.
type named struct {
	path []protoreflect.FieldDescriptor
	kind string // of the thing
}

// placesOf reads the declarations of all methods. The error names a path that leads to no string of the request.
func placesOf(methods map[string]protoreflect.MethodDescriptor) (map[string]place, error) {
	out := map[string]place{}
	for procedure, method := range methods {
		declared, _ := proto.GetExtension(method.Options(), cpv1.E_Place).(*cpv1.Place)
		at := place{filtered: declared.GetFiltered()}
		var problem error
		declared.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			if f.Kind() != protoreflect.StringKind {
				return true
			}
			var path []protoreflect.FieldDescriptor
			if path, problem = pathIn(method.Input(), value.String()); problem == nil && !state.HasPlace(string(f.Name())) {
				problem = fmt.Errorf("nothing tells where a %s is", f.Name())
			}
			at.named = append(at.named, named{path: path, kind: string(f.Name())})
			return problem == nil
		})
		if problem != nil {
			return nil, fmt.Errorf("place of %s: %w", method.FullName(), problem)
		}
		out[procedure] = at
	}
	return out, nil
}

func pathIn(message protoreflect.MessageDescriptor, path string) ([]protoreflect.FieldDescriptor, error) {
	var out []protoreflect.FieldDescriptor
	for name := range strings.SplitSeq(path, ".") {
		if message == nil {
			return nil, fmt.Errorf("%s goes on after a field that is no message", path)
		}
		f := message.Fields().ByName(protoreflect.Name(name))
		if f == nil || f.Cardinality() == protoreflect.Repeated {
			return nil, fmt.Errorf("%s has no single field %s", message.FullName(), name)
		}
		out, message = append(out, f), f.Message()
	}
	if out[len(out)-1].Kind() != protoreflect.StringKind {
		return nil, fmt.Errorf("%s is no string", path)
	}
	return out, nil
}

func (n named) in(m protoreflect.Message) string {
	last := len(n.path) - 1
	for _, f := range n.path[:last] {
		m = m.Get(f).Message()
	}
	return m.Get(n.path[last]).String()
}

// of tells where the thing is that a request is about; false for a list that its handler filters. The place of a request that declares none, or that
// names things in different regions, is nowhere, where no limited role holds.
func (p place) of(v state.View, request proto.Message) (policy.Resource, bool) {
	out, anything := policy.Resource{}, false
	for _, n := range p.named {
		name := n.in(request.ProtoReflect())
		if name == "" {
			continue
		}
		at := state.PlaceOf(v, n.kind, name)
		if anything && out.Region != "" && at.Region != "" && at.Region != out.Region {
			return policy.Resource{}, true
		}
		anything = true
		out.Region, out.Environment, out.Account = first(out.Region, at.Region), first(out.Environment, at.Environment), first(out.Account, at.Account)
	}
	return out, anything || !p.filtered
}

// facts tells the interceptor where the thing is that a request is about.
func (a *API) facts(_ context.Context, procedure string, request any) (policy.Resource, bool, error) {
	message, ok := request.(proto.Message)
	if !ok {
		return policy.Resource{}, true, fmt.Errorf("the request of %s is a %T", procedure, request)
	}
	at, single := a.places[procedure].of(a.Store.View(), message)
	return at, single, nil
}
