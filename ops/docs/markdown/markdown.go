// Package markdown is what the pages that are generated have in common.
package markdown

import "strings"

var safe = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;")

// Cell keeps a text inside its cell of a table, and its angle brackets from being read as HTML.
func Cell(s string) string { return safe.Replace(s) }
