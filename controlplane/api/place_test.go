package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fluent-oms/fluent/controlplane/state"
)

// nowhere are the calls that are about no one place: lists, which handlers filter by what the caller may see, calls that concern the
// caller itself or the whole platform, and calls of machines, which say by their credential where they are.
var nowhere = map[string]bool{
	"AuthService.Login": true, "AuthService.GetKeys": true, "AuthService.WhoAmI": true, "AuthService.ChangePassword": true,
	"AuthService.CreateOperator": true, "AuthService.UpdateOperator": true, "AuthService.RotateKey": true,
	"AuthService.ResetPassword": true, "AuthService.UnlockOperator": true,
	"ClusterService.GetStatus": true, "ClusterService.FinaliseUpgrade": true,
	"HostService.Join": true, "HostService.Watch": true, "HostService.Report": true, "HostService.CreateNodeToken": true,
}

// TestNoCallForgetsItsPlace is inside the package, for facts have no door of their own: a call about one region, environment, account or
// node says which, or a role that holds elsewhere would be let through.
func TestNoCallForgetsItsPlace(t *testing.T) {
	t.Parallel()
	store, err := state.New()
	require.NoError(t, err)
	a := &API{Deps: Deps{Store: store}}
	protoregistry.GlobalFiles.RangeFilesByPackage("fluent.controlplane.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				name := string(service.Name()) + "." + string(method.Name())
				message, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
				require.NoError(t, err)
				_, single, err := a.facts(t.Context(), "", message.New().Interface())
				require.NoError(t, err)
				if !single && !nowhere[name] && !strings.HasPrefix(string(method.Name()), "List") {
					t.Errorf("%s says of no place; name it in facts, or here if it has none", name)
				}
			}
		}
		return true
	})
}
