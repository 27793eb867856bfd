package codetest_test

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers names for each part of the tree what it may import of ours, besides itself. main.go's folder is ".".
var layers = map[string][]string{
	"domain":       {},
	"tenancy":      {"domain"},
	"auth":         {"domain", "tenancy", "proto"},
	"controlplane": {"domain", "tenancy", "auth", "proto"},
	"dataplane":    {"domain", "tenancy", "auth", "proto"},
	"ops":          {"domain", "tenancy", "auth", "controlplane", "dataplane", "proto"},
	"proto":        {},
	".":            {"ops"},
}

// testOnly may be imported by the tests of every part: it gives them a database.
const testOnly = module + "/ops/embedded"

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		from, _, _ := strings.Cut(f.folder(), "/")
		allowed, known := layers[from]
		require.True(t, known, "%s: %s is no part of the layout: add it to the layers of this test with what it may import", f.path, from)
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if finding := badImport(from, allowed, path, f.test); finding != "" {
				findings = append(findings, f.at(spec.Pos())+": "+finding)
			}
		}
	}
	report(t, "imports against the direction domain ← tenancy ← auth ← {controlplane, dataplane} ← ops", findings)
}

func badImport(from string, allowed []string, path string, test bool) string {
	rel, ours := strings.CutPrefix(path, module+"/")
	if !ours || (test && strings.HasPrefix(path, testOnly)) {
		return ""
	}
	if !test && (path == testOnly+"/dbtest" || path == testOnly+"/porttest") {
		return "it is for tests only"
	}
	to, _, _ := strings.Cut(rel, "/")
	if to == from {
		return ""
	}
	for _, part := range allowed {
		if to == part {
			return ""
		}
	}
	return fmt.Sprintf("%s must not import %s", from, rel)
}

// banned are packages that a part of the tree must do without, each with the reason.
var banned = []struct{ folder, path, reason string }{
	{"domain", "net/http", "the domain does no I/O"},
	{"domain", "os", "the domain does no I/O"},
	{"domain", "math/rand", "the domain has no randomness of its own"},
	{"domain", "math/rand/v2", "the domain has no randomness of its own"},
	{"domain", "github.com/jackc/pgx", "the domain does no I/O"},
	{"controlplane", "github.com/jackc/pgx", "the control plane keeps its state in the raft log"},
	{"dataplane/engine", "net/http", "the engine never speaks to the outside"},
	{"dataplane/rule", "net/http", "a rule asks for a call, it does not make one"},
	{"dataplane/httpapi", module + "/dataplane/rest", "what surfaces share knows none of them"},
	{"dataplane/gateway", module + "/dataplane/rest", "a gateway forwards; what it shares with the API is in httpapi"},
	{"dataplane/identity", module + "/dataplane/rest", "the API stands on identity, not the other way round"},
	{"dataplane/batching", module + "/dataplane/modules/core", "it takes what modules load and knows none of them"},
	{"dataplane/batching", module + "/dataplane/modules/inventory", "it takes what modules load and knows none of them"},
	{"dataplane/batching", module + "/dataplane/modules/ordering", "it takes what modules load and knows none of them"},
	{"dataplane/store", module + "/dataplane/engine", "all stand on the store, which stands on none"},
	{"dataplane/store", module + "/dataplane/graphql", "all stand on the store, which stands on none"},
	{"dataplane/store", module + "/dataplane/modules", "all stand on the store, which stands on none"},
	{"dataplane/modules", "net/http", "a rule asks for a call, it does not make one"},
}

func TestBannedImports(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if f.test {
			continue
		}
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			for _, b := range banned {
				inFolder := f.folder() == b.folder || strings.HasPrefix(f.folder(), b.folder+"/")
				if inFolder && (path == b.path || strings.HasPrefix(path, b.path+"/")) {
					findings = append(findings, fmt.Sprintf("%s: %s: %s", f.at(spec.Pos()), path, b.reason))
				}
			}
		}
	}
	report(t, "imports that a package must do without", findings)
}

// TestConnectIsSpokenThroughWire: clients and servers are made by auth/wire only. Those that are not would forget, one by one, to relay
// errors, to bound messages, and to refuse words that nobody knows. Tests may stand for strangers.
func TestConnectIsSpokenThroughWire(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if f.test || f.folder() == "auth/wire" || strings.HasPrefix(f.folder(), "proto/") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && bareConnect(s) {
				findings = append(findings, f.at(s.Pos()))
			}
			return true
		})
	}
	report(t, "Connect clients and servers that are not made by auth/wire", findings)
}

func bareConnect(s *ast.SelectorExpr) bool {
	from, ok := s.X.(*ast.Ident)
	if !ok {
		return false
	}
	switch from.Name + "." + s.Sel.Name {
	case "connect.NewServer", "connecthttp.Mount", "connecthttp.NewTransport":
		return true
	}
	return false
}
