package inventory

import (
	"embed"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
)

//go:embed workflows/*.json
var workflows embed.FS

// Manifest is what the module has.
func Manifest() manifest.Module {
	return manifest.Module{Name: "inventory", Rules: Rules(), Loads: batches(), Settings: settings(), Workflows: workflows}
}
