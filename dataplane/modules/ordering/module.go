package ordering

import (
	"embed"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
)

//go:embed workflows/*.json
var workflows embed.FS

// Manifest is what the module has.
func Manifest() manifest.Module {
	return manifest.Module{
		Name:  "ordering",
		Rules: Rules(),
		Roots: []manifest.Root{
			{Type: typeOrder, StartsWithCreation: true, CreatesForOthers: &createsForOthers},
		},
		Settings:  settings(),
		Guards:    Guards,
		Workflows: workflows,
	}
}
