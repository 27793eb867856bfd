package catalogue

import "strings"

// Permission names the right to do something with entities of the type: its name in capitals, then VIEW, CREATE or UPDATE, as in
// STANDARDPRODUCT_UPDATE.
func (t *Type) Permission(action string) string { return strings.ToUpper(t.Name) + "_" + action }
