package state_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// TestEveryKindOfCommandHasARow, and no two have the same kind or body.
func TestEveryKindOfCommandHasARow(t *testing.T) {
	t.Parallel()
	bodies := map[string]statev1.Kind{}
	for number, name := range statev1.Kind_name {
		kind := statev1.Kind(number)
		if kind == statev1.Kind_KIND_UNSPECIFIED {
			continue
		}
		body := state.BodyOf(kind)
		require.NotNil(t, body, "%s has no row in the schema", name)
		command, err := state.Command(nil, body)
		require.NoError(t, err)
		require.Equal(t, kind, command.GetKind(), "its body is %s's, too", command.GetKind())
		require.Positive(t, command.GetSchema(), name)
		require.LessOrEqual(t, command.GetSchema(), state.Schema, name)
		bodies[string(body.ProtoReflect().Descriptor().FullName())] = kind
	}
	require.Len(t, bodies, state.Rows())
	_, err := state.Command(nil, &statev1.Cluster{})
	require.ErrorContains(t, err, "no command has the body fluent.controlplane.state.v1.Cluster")
}

// TestCommandsNeedTheSchemaThatTheyNeeded makes each command of the golden logs anew: it names the schema that it named when the log was written.
func TestCommandsNeedTheSchemaThatTheyNeeded(t *testing.T) {
	t.Parallel()
	kinds := map[statev1.Kind]bool{}
	for schema := range state.Schema {
		file, _ := golden(schema + 1)
		for _, entry := range entries(t, file) {
			was := &statev1.Command{}
			require.NoError(t, proto.Unmarshal(entry, was))
			body := state.BodyOf(was.GetKind())
			require.NotNil(t, body, was.GetKind())
			require.NoError(t, proto.Unmarshal(was.GetBody(), body))
			is, err := state.Command(was.GetMeta(), body)
			require.NoError(t, err)
			require.Equal(t, was.GetSchema(), is.GetSchema(), "%s in %s", was.GetKind(), file)
			kinds[was.GetKind()] = true
		}
	}
	require.Greater(t, len(kinds), 25)
}

// TestTheSchemaHasEveryTable reads the package's source: a table that is declared and has no row would be missing in snapshots.
func TestTheSchemaHasEveryTable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var declared []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if name := tableName(n); name != "" {
				declared = append(declared, name)
			}
			return true
		})
	}
	require.ElementsMatch(t, declared, state.Tables())
}

// tableName is the name in a literal of a table.
func tableName(n ast.Node) string {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	generic, ok := literal.Type.(*ast.IndexExpr)
	if !ok {
		return ""
	}
	if kind, ok := generic.X.(*ast.Ident); !ok || kind.Name != "Table" {
		return ""
	}
	for _, e := range literal.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok || pair.Key.(*ast.Ident).Name != "name" {
			continue
		}
		name, _ := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
		return name
	}
	return ""
}
