package inventory

import "github.com/fluent-oms/fluent/dataplane/modules/manifest"

// Manifest is what the module has.
func Manifest() manifest.Module {
	return manifest.Module{Name: "inventory", Rules: Rules(), Loads: batches(), Settings: settings()}
}
