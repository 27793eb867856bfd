package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fluent-oms/fluent/auth/interceptor"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	_ "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1" // its methods are registered by being linked
)

// TestEveryMethodDeclaresAPermissionThatThePolicyKnows walks every method of ours that is linked, so that none can be
// added without saying who may call it.
func TestEveryMethodDeclaresAPermissionThatThePolicyKnows(t *testing.T) {
	t.Parallel()
	e, methods := engine(t), 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "fluent.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				permission, _ := proto.GetExtension(m.Options(), cpv1.E_Permission).(string)
				methods++
				require.True(t, permission == interceptor.Public || e.Knows(permission), "%s asks for %q", m.FullName(), permission)
			}
		}
		return true
	})
	require.Greater(t, methods, 40)
}
