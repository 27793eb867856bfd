package ordering

import "github.com/fluent-oms/fluent/dataplane/modules/manifest"

// Manifest is what the module has.
func Manifest() manifest.Module {
	return manifest.Module{
		Name:  "ordering",
		Rules: Rules(),
		Roots: []manifest.Root{
			{Type: typeOrder, StartsWithCreation: true},
		},
		Settings: settings(),
	}
}
