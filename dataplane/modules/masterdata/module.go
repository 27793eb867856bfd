// Package masterdata takes in what stock and orders stand on, in batches: products, categories and locations. Each record is an entity to make or to
// change, as a mutation would.
package masterdata

import "github.com/fluent-oms/fluent/dataplane/modules/manifest"

// Manifest is what the module has.
func Manifest() manifest.Module {
	return manifest.Module{Name: "masterdata", Loads: loads()}
}
