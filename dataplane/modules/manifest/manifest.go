// Package manifest is what a business module says of itself: one literal per module. What is not in a manifest does not exist; what is,
// shows up in the docs, in the plugin API and in the tests that walk modules.
package manifest

import "github.com/fluent-oms/fluent/dataplane/rule"

// Module is one business module.
type Module struct {
	Name  string
	Rules []rule.Rule // that workflows can name
}
