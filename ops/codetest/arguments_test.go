package codetest_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
)

// TestEveryArgumentOfAnOperationIsRead: an argument that the API takes and that no code of its operation looks at would change nothing, and nobody would
// tell the caller. An operation's function is followed through its package.
func TestEveryArgumentOfAnOperationIsRead(t *testing.T) {
	t.Parallel()
	folders := map[string][]file{}
	for _, f := range files(t) {
		if !f.test && strings.HasPrefix(f.folder(), "dataplane/modules/") {
			folders[f.folder()] = append(folders[f.folder()], f)
		}
	}
	var findings []string
	operations := 0
	for _, list := range folders {
		n, found := unreadArguments(list)
		operations, findings = operations+n, append(findings, found...)
	}
	require.Equal(t, len(modules.Operations()), operations, "operations that this test does not see")
	report(t, "arguments of operations that nothing reads: heed them, or do not declare them", findings)
}

// hollow imports packages without anything in them. What a package has itself is typed all the same; what comes from others is not needed here.
type hollow struct{}

func (hollow) Import(of string) (*types.Package, error) {
	p := types.NewPackage(of, path.Base(of))
	p.MarkComplete()
	return p, nil
}

// operationPackage is a package, and what its names stand for.
type operationPackage struct {
	info  types.Info
	funcs map[types.Object]*ast.FuncDecl
}

func newOperationPackage(list []file) *operationPackage {
	p := &operationPackage{funcs: map[types.Object]*ast.FuncDecl{}, info: types.Info{
		Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{},
	}}
	trees := make([]*ast.File, len(list))
	for i, f := range list {
		trees[i] = f.ast
	}
	conf := types.Config{Importer: hollow{}, Error: func(error) {}} // what other packages have is not there
	_, _ = conf.Check(list[0].folder(), list[0].fset, trees, &p.info)
	for _, tree := range trees {
		for _, decl := range tree.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok {
				p.funcs[p.info.Defs[d.Name]] = d
			}
		}
	}
	return p
}

// unreadArguments looks at each operation.Search of a package.
func unreadArguments(list []file) (operations int, findings []string) {
	var p *operationPackage
	for _, f := range list {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 || nameOf(call.Fun) != "operation.Search" {
				return true
			}
			if p == nil {
				p = newOperationPackage(list)
			}
			operations++
			for _, what := range p.unread(call.Args[1]) {
				findings = append(findings, fmt.Sprintf("%s: operation %s: %s", f.at(call.Pos()), ruleName(call.Args[0]), what))
			}
			return true
		})
	}
	return operations, findings
}

// unread lists the arguments that an operation's function takes and that nothing reads which it leads to.
func (p *operationPackage) unread(answer ast.Expr) []string {
	id, _ := answer.(*ast.Ident)
	d := p.funcs[p.info.Uses[id]]
	if d == nil || d.Type.Params.NumFields() == 0 {
		return []string{"it is not to be seen what its arguments are: name a function of the package"}
	}
	params := d.Type.Params.List
	fields := map[types.Object]string{}
	argumentsOf(p.info.TypeOf(params[len(params)-1].Type), "", fields)
	read := map[types.Object]bool{}
	p.follow(d, read, map[*ast.FuncDecl]bool{})
	var out []string
	for field, name := range fields {
		if !read[field] {
			out = append(out, name)
		}
	}
	return out
}

// argumentsOf finds the fields of a struct of arguments, and of the inputs in it, by what the API calls them.
func argumentsOf(t types.Type, within string, out map[types.Object]string) {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		argumentsOf(u.Elem(), within, out)
	case *types.Slice:
		argumentsOf(u.Elem(), within, out)
	case *types.Struct:
		for i := range u.NumFields() {
			if name, ok := reflect.StructTag(u.Tag(i)).Lookup("arg"); ok {
				out[u.Field(i)] = within + name
				argumentsOf(u.Field(i).Type(), within+name+".", out)
			}
		}
	}
}

// follow notes the fields that a function reads, and those that functions read which it names.
func (p *operationPackage) follow(d *ast.FuncDecl, read map[types.Object]bool, seen map[*ast.FuncDecl]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	written := map[*ast.Ident]bool{}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok {
					written[s.Sel] = true
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				written[key] = true
			}
		case *ast.Ident:
			used := p.info.Uses[n]
			if next := p.funcs[used]; next != nil {
				p.follow(next, read, seen)
			}
			read[used] = read[used] || !written[n]
		}
		return true
	})
}

// TestUnreadArgumentsAreSeen: at any depth, also where another operation reads them; not where they are handed on, nor behind a method.
func TestUnreadArgumentsAreSeen(t *testing.T) {
	t.Parallel()
	const source = `package x
import "context"
type near struct {
	Far float64 ` + "`arg:\"far\"`" + `
	Row float64 ` + "`arg:\"row\"`" + `
}
type wanted struct {
	Key  operation.Key ` + "`arg:\"key\"`" + `
	Near *near         ` + "`arg:\"near\"`" + `
	Sure bool          ` + "`arg:\"sure\"`" + `
	List []struct {
		Ref string ` + "`arg:\"ref\"`" + `
	} ` + "`arg:\"list\"`" + `
}
func (w *wanted) Most(string) int { return len(w.List) }
func (w *wanted) refs() (out []string) { for _, x := range w.List { out = append(out, x.Ref) }; return out }
func all(ctx context.Context, c *operation.Call, w wanted) (operation.Page, error) {
	if w.Sure { store.Match(c.Rows("x"), w.Key.ID, w.refs()) }
	return deep(&w)
}
func deep(w *wanted) (operation.Page, error) { return operation.Page{More: w.Near.Row > w.Near.Far}, nil }
func some(_ context.Context, _ *operation.Call, w wanted) (operation.Page, error) {
	w.Sure = w.Near != nil
	return shallow(near{Row: 1})
}
func shallow(n near) (operation.Page, error) { return operation.Page{More: n.Far > 0}, nil }
func none(context.Context, *operation.Call, wanted) (operation.Page, error) { return operation.Page{}, nil }
func operations() []operation.Operation { return []operation.Operation{
	operation.Search("all", all), operation.Search("some", some).With("x", "ref"), operation.Search("none", none), operation.Search("dark", elsewhere.Answer),
} }`
	fset := token.NewFileSet()
	tree, err := parseSource(fset, "x.go", []byte(source))
	require.NoError(t, err)
	n, findings := unreadArguments([]file{{path: "x/x.go", ast: tree, fset: fset}})
	require.Equal(t, 4, n)
	for i := range findings {
		_, findings[i], _ = strings.Cut(findings[i], ": operation ")
	}
	require.ElementsMatch(t, []string{
		"some: key", "some: near.row", "some: sure", "some: list", "some: list.ref",
		"none: key", "none: near", "none: near.far", "none: near.row", "none: sure", "none: list", "none: list.ref",
		"dark: it is not to be seen what its arguments are: name a function of the package",
	}, findings)
}
