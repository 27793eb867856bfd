package codetest_test

import (
	"go/ast"
	"go/parser"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules themselves must be able to fail.

func TestBadImportsAreSeen(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, badImport("domain", layers["domain"], module+"/tenancy", false))
	require.NotEmpty(t, badImport("controlplane", layers["controlplane"], module+"/dataplane/store", false))
	require.NotEmpty(t, badImport("dataplane", layers["dataplane"], module+"/controlplane/state", true))
	require.NotEmpty(t, badImport("ops", layers["ops"], testOnly+"/dbtest", false))
	require.Empty(t, badImport("dataplane", layers["dataplane"], testOnly+"/dbtest", true))
	require.Empty(t, badImport("ops", layers["ops"], module+"/dataplane/node", false))
}

func TestUnwrappedErrorsAreSeen(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		`fmt.Errorf("read: %v", err)`:                  true,
		`fmt.Errorf("%d of %s: %s", n, name, err)`:     true,
		`fmt.Errorf("100%% of %q: %v", name, readErr)`: true,
		`fmt.Errorf("read: %w", err)`:                  false,
		`fmt.Errorf("read %v: %w", name, err)`:         false,
	} {
		expr, err := parser.ParseExpr(source)
		require.NoError(t, err)
		call, ok := expr.(*ast.CallExpr)
		require.True(t, ok)
		require.Equal(t, want, isErrorf(call) && formatsErrorByValue(call), source)
	}
}

func TestBareConnectIsSeen(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{"connect.NewServer": true, "connecthttp.Mount": true, "connecthttp.NewTransport": true, "wire.NewServer": false, "connect.NewClient": false} {
		expr, err := parser.ParseExpr(source)
		require.NoError(t, err)
		selector, ok := expr.(*ast.SelectorExpr)
		require.True(t, ok)
		require.Equal(t, want, bareConnect(selector), source)
	}
}

func TestSQLIsSeen(t *testing.T) {
	t.Parallel()
	require.Regexp(t, sqlText, "\n SELECT id\nFROM orders")
	require.Regexp(t, sqlText, "UPDATE orders SET x = 1")
	require.NotRegexp(t, sqlText, "UPDATE and DELETE are the verbs")
	require.NotRegexp(t, sqlText, "select a region from the list")
}

func TestNoInitFunctions(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				findings = append(findings, f.at(fn.Pos()))
			}
		}
	}
	report(t, "init functions: build what is needed where it is wired", findings)
}
