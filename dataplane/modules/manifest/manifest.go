// Package manifest is what a business module says of itself: one literal per module. What is not in a manifest does not exist; what is,
// shows up in the docs, in the plugin API and in the tests that walk modules.
package manifest

import (
	"io/fs"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
)

// Module is one business module.
type Module struct {
	Name       string
	Rules      []rule.Rule            // that workflows can name
	Roots      []Root                 // whose rules it has. Each root that has parts (catalogue.TypeSpec.Parts) is a module's
	Operations []operation.Operation  // of the API, that code answers
	Loads      []Load                 // of batches
	Settings   []*setting.Declaration // that it reads, or that its workflows name
	Derived    []catalogue.Figure     // that it keeps
	// Guards are those of its entity types that are declared as guarded: they decide what mutations may do. Nil: none.
	Guards func(c *catalogue.Catalogue) entity.Guards
	// Workflows holds those that every retailer starts with, one to a file, as workflows/*.json; see dataplane/workflows. Nil: none.
	Workflows fs.FS
}

// Root is an entity type that hangs on no other and that a module's workflows drive. What hangs on it is declared with the type.
type Root struct {
	Type string // as events name it
	// StartsWithCreation lets a new root run its first turn in the commit that creates it. Nobody has to wait for it then, but the turn runs
	// before the caller has his answer: it is for what callers create one by one, and what the first turn does must be quick.
	StartsWithCreation bool
	// CreatesForOthers is the account's setting that says whether CREATE is sent of a root that a user makes for another retailer than his own; nil: it is.
	CreatesForOthers *setting.Setting[bool]
}
