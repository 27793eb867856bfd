package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/setting"
)

func TestThePageIsThatOfTheDeclarations(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "settings.md"))
	require.NoError(t, err)
	now, err := page()
	require.NoError(t, err)
	require.Equal(t, string(now), string(kept), "run go generate ./ops/docs/settings and commit the result")
	require.Contains(t, string(now), "| `ALLOW_OVERSELL` | Whether reservations may push on hand below zero; otherwise they stop at what is there. | true or false | false |"+
		" AGENT, RETAILER, ACCOUNT, GLOBAL | SendEventToUpdateInventoryQuantity |\n")
	require.Contains(t, string(now), "| `PAYMENT_TIMEOUT_MINUTES` | How long an order may wait for its payment. | whole number of minutes from 0 | 60 | RETAILER, ACCOUNT, GLOBAL | the workflow ORDER::")
}

// TestDefaultWorkflowsNameDeclaredSettings: tenants read here what the workflows that they begin with look for.
func TestDefaultWorkflowsNameDeclaredSettings(t *testing.T) {
	t.Parallel()
	flows, err := workflows.Default(1)
	require.NoError(t, err)
	seen := 0
	for _, f := range flows {
		for _, name := range named(f.Flow) {
			seen++
			require.True(t, slices.ContainsFunc(settings.All(), func(d *setting.Declaration) bool { return d.Covers(name) }), "%s names %s", f.Name, name)
		}
	}
	require.Equal(t, 6, seen)
}

// TestEverySettingIsRead by a rule, by a part of the platform, or, named, by a default workflow.
func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	flows, err := workflows.Default(1)
	require.NoError(t, err)
	for _, m := range modules.All() {
		for _, d := range m.Settings {
			creates := slices.ContainsFunc(m.Roots, func(r manifest.Root) bool {
				return r.CreatesForOthers != nil && r.CreatesForOthers.Declaration() == d
			})
			if d != inventory.DefaultCatalogue.Declaration() && d != ordering.AcceptWithoutWorkflow.Declaration() && !creates { // by its loader of batches; by mutations
				require.NotEmpty(t, readers(d, flows), d.Title())
			}
		}
	}
}
