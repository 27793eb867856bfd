package modules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
)

// TestRootsBelongToModules: what a manifest names is a root, and of one module; what has parts, a module names.
func TestRootsBelongToModules(t *testing.T) {
	t.Parallel()
	of := map[string]string{}
	for _, m := range modules.All() {
		for _, r := range m.Roots {
			require.Empty(t, of[r.Type], "%s is named twice", r.Type)
			of[r.Type] = m.Name
			list := domain.Catalogue().EntityTypes(r.Type)
			require.NotEmpty(t, list, r.Type)
			for _, typ := range list {
				require.Nil(t, typ.Root, "%s hangs on another root", typ.Name)
				require.True(t, typ.Workflow, typ.Name)
				require.True(t, typ.Fires || !r.StartsWithCreation, "%s has no first event", typ.Name)
			}
		}
	}
	for _, typ := range domain.Catalogue().Types() {
		if typ.Parts != nil {
			require.NotEmpty(t, of[typ.EntityType], "%s has parts, and no module has its rules", typ.Name)
		}
	}
	require.Equal(t, "ordering", of["ORDER"])
	require.Equal(t, []string{"ORDER"}, modules.Starts())
}
