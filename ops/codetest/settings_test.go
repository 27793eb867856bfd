package codetest_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/settings"
)

// TestSettingsAreReadByTheirDeclarations: the name of a setting stands in its declaration and nowhere else, and every declaration is on the one
// list that docs, checks and nodes go by. Readers take a declaration, so that no other name can be read.
func TestSettingsAreReadByTheirDeclarations(t *testing.T) {
	t.Parallel()
	names := map[string]int{}
	for _, d := range settings.All() {
		if !d.Free() {
			names[d.Name] = 0
		}
	}
	var findings []string
	declared, free := 0, 0
	for _, f := range files(t) {
		if f.test || f.folder() == "dataplane/store/conformance" || !strings.HasPrefix(f.folder(), "dataplane/") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if s, ok := n.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "About" {
					declared++
					if !namesOne(n) {
						free++
					}
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if _, known := names[text]; err == nil && n.Kind == token.STRING && known {
					if names[text]++; names[text] > 1 {
						findings = append(findings, f.at(n.Pos())+": "+text)
					}
				}
			}
			return true
		})
	}
	report(t, "names of settings beside their declarations", findings)
	// keep() in the janitor makes six of one literal; the family of pick limits goes by the name of another.
	require.Equal(t, len(settings.All()), declared+5, "declarations that are on no list: name them in the Settings of their part")
	require.Equal(t, 2, free, "families of free names")
}

// namesOne reports whether a declaration names its setting.
func namesOne(n *ast.CompositeLit) bool {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Name" {
				return true
			}
		}
	}
	return false
}
