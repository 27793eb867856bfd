package codetest_test

import (
	"fmt"
	"go/ast"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The limits on sizes. Numbers that nobody checks drift.
const (
	fileLines         = 450
	functionLines     = 52
	functionLinesP90  = 25
	testFunctionLines = 120
	interfaceMethods  = 7
)

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if f.lines > fileLines {
			findings = append(findings, fmt.Sprintf("%s: %d lines", f.path, f.lines))
		}
	}
	report(t, fmt.Sprintf("files of more than %d lines: split them by subject", fileLines), findings)
}

func TestFunctionsAreShort(t *testing.T) {
	t.Parallel()
	var findings []string
	var sizes []int
	for _, f := range files(t) {
		limit := functionLines
		if f.test {
			limit = testFunctionLines
		}
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if !f.test {
				sizes = append(sizes, lines)
			}
			if lines > limit {
				findings = append(findings, fmt.Sprintf("%s: %s has %d lines, at most %d", f.at(fn.Pos()), fn.Name.Name, lines, limit))
			}
		}
	}
	report(t, "functions that are too long: name their parts", findings)
	slices.Sort(sizes)
	p90 := sizes[len(sizes)*9/10]
	t.Logf("%d functions: median %d lines, p90 %d, longest %d", len(sizes), sizes[len(sizes)/2], p90, sizes[len(sizes)-1])
	require.LessOrEqual(t, p90, functionLinesP90, "one function in ten is longer than this")
}

func TestInterfacesAreSmall(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > interfaceMethods {
				findings = append(findings, fmt.Sprintf("%s: %s has %d methods", f.at(spec.Pos()), spec.Name.Name, i.Methods.NumFields()))
			}
			return true
		})
	}
	report(t, fmt.Sprintf("interfaces of more than %d methods: say what each user needs", interfaceMethods), findings)
}
