package state_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	encoded, err := proto.Marshal(m)
	require.NoError(t, err)
	return encoded
}

// TestNothingHereLooksOutside reads the package's own source: commands must do the same on every server, at any time.
func TestNothingHereLooksOutside(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	checked := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		checked++
		for _, problem := range outside(t, e.Name()) {
			t.Errorf("%s: %s", e.Name(), problem)
		}
	}
	require.Greater(t, checked, 10)
}

// outside lists what a file must not use.
func outside(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	require.NoError(t, err)
	banned := map[string]string{
		`"math/rand"`: "randomness", `"math/rand/v2"`: "randomness", `"crypto/rand"`: "randomness", `"os"`: "the machine", `"net"`: "the network",
		`"net/http"`: "the network", `"time"`: "a clock", `"github.com/google/uuid"`: "randomness",
	}
	var problems []string
	for _, i := range file.Imports {
		if why := banned[i.Path.Value]; why != "" {
			problems = append(problems, "imports "+i.Path.Value+": "+why)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.GoStmt:
			problems = append(problems, "starts a goroutine")
		case *ast.SelectorExpr:
			if p, ok := x.X.(*ast.Ident); ok && p.Name == "timestamppb" && x.Sel.Name == "Now" {
				problems = append(problems, "asks for the time")
			}
		}
		return true
	})
	return problems
}
