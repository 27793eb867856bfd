package availability

import (
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/operation"
)

// Manifest says what the module has.
func Manifest() manifest.Module {
	return manifest.Module{Name: "availability", Operations: []operation.Operation{
		operation.Search("searchVirtualInventory", whereEnough).With("virtualPositions", "productRef groupRef quantity").With("location", "ref primaryAddress"),
	}}
}
