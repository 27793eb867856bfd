package render

import (
	"testing"

	validatepb "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestPatternsOfTheAPIAreSaidInWords looks at every field of the operators' API that has a pattern.
func TestPatternsOfTheAPIAreSaidInWords(t *testing.T) {
	seen := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("fluent.controlplane.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			fields := f.Messages().Get(i).Fields()
			for j := range fields.Len() {
				rules, _ := proto.GetExtension(fields.Get(j).Options(), validatepb.E_Field).(*validatepb.FieldRules)
				pattern := rules.GetString().GetPattern()
				if pattern == "" {
					continue
				}
				seen++
				said := inWords("does not match regex pattern `" + pattern + "`")
				require.NotContains(t, said, "pattern", "%s has a pattern without words", fields.Get(j).FullName())
			}
		}
		return true
	})
	require.Greater(t, seen, 5)
	require.Equal(t, "does not match regex pattern `^x$`", inWords("does not match regex pattern `^x$`"))
	require.Equal(t, "must be in list [`A`]", inWords("must be in list [`A`]"))
}
