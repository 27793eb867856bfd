package api

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// get is a method that reads an account, and declares a place.
func get(t *testing.T, at *cpv1.Place) map[string]protoreflect.MethodDescriptor {
	t.Helper()
	options := &descriptorpb.MethodOptions{}
	proto.SetExtension(options, cpv1.E_Place, at)
	const account = ".fluent.controlplane.v1.UpdateAccountRequest"
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("made/in/a/test.proto"), Package: proto.String("made"), Syntax: proto.String("proto3"),
		Dependency: []string{"fluent/controlplane/v1/account.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("S"), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: proto.String("M"), InputType: proto.String(account), OutputType: proto.String(account), Options: options,
		}}}},
	}, protoregistry.GlobalFiles)
	require.NoError(t, err)
	return map[string]protoreflect.MethodDescriptor{"/made.S/M": file.Services().Get(0).Methods().Get(0)}
}

// TestAPlaceIsAFieldOfTheRequest is inside the package: that a path leads nowhere is found when the API is made, by methods that no server has.
func TestAPlaceIsAFieldOfTheRequest(t *testing.T) {
	t.Parallel()
	for path, problem := range map[string]string{
		"account.name":     "",
		"account.nam":      "fluent.controlplane.v1.Account has no single field nam",
		"account":          "account is no string",
		"account.hosts":    "fluent.controlplane.v1.Account has no single field hosts",
		"account.name.of":  "account.name.of goes on after a field that is no message",
		"validate_only":    "validate_only is no string",
		"account.name.of.": "account.name.of. goes on after a field that is no message",
	} {
		_, err := placesOf(get(t, &cpv1.Place{Account: path}))
		if problem == "" {
			require.NoError(t, err, path)
			continue
		}
		require.EqualError(t, err, "place of made.S.M: "+problem, path)
	}
}

// TestWhatDeclaresNoPlaceIsNowhere: no limited role holds there.
func TestWhatDeclaresNoPlaceIsNowhere(t *testing.T) {
	t.Parallel()
	store, err := state.New()
	require.NoError(t, err)
	places, err := placesOf(get(t, nil))
	require.NoError(t, err)
	a := &API{Deps: Deps{Store: store}, places: places}
	for _, procedure := range []string{"/made.S/M", "/made.S/Unknown"} {
		at, single, err := a.facts(t.Context(), procedure, &cpv1.UpdateAccountRequest{Account: &cpv1.Account{Name: "ACME"}})
		require.NoError(t, err)
		require.True(t, single, procedure)
		require.Zero(t, at, procedure)
	}
}
