package codetest_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutEffect is how many rule properties may be given and are not read: fields called _, each with its reason in its doc. It only shrinks.
const withoutEffect = 3

// TestEveryRulePropertyIsRead: a property that a workflow may give and that no code of its rule looks at would be a promise that nobody keeps.
// A rule's function is followed as far as it hands its properties on to functions of its package.
func TestEveryRulePropertyIsRead(t *testing.T) {
	t.Parallel()
	folders := map[string][]file{}
	for _, f := range files(t) {
		if !f.test {
			folders[f.folder()] = append(folders[f.folder()], f)
		}
	}
	var findings []string
	idle := map[string]bool{}
	rules := 0
	for _, list := range folders {
		p := newRulePackage(list)
		n, found := p.check(idle)
		rules, findings = rules+n, append(findings, found...)
	}
	require.Greater(t, rules, 85, "rules")
	require.Len(t, idle, withoutEffect, "properties without effect: %v", idle)
	report(t, "rule properties that nothing reads: implement them, or remove them", findings)
}

// rulePackage is what is to be known of a package with rules.
type rulePackage struct {
	files   []file
	structs map[string]*ast.StructType
	funcs   map[string]*ast.FuncDecl
}

func newRulePackage(list []file) *rulePackage {
	p := &rulePackage{files: list, structs: map[string]*ast.StructType{}, funcs: map[string]*ast.FuncDecl{}}
	for _, f := range list {
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					p.funcs[d.Name.Name] = d
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if spec, ok := s.(*ast.TypeSpec); ok {
						if st, ok := spec.Type.(*ast.StructType); ok {
							p.structs[spec.Name.Name] = st
						}
					}
				}
			}
		}
	}
	return p
}

// check looks at each rule.New. Properties without effect go into idle.
func (p *rulePackage) check(idle map[string]bool) (rules int, findings []string) {
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 4 || nameOf(call.Fun) != "rule.New" {
				return true
			}
			rules++
			name := ruleName(call.Args[1])
			known := false
			declared, read := map[string]bool{}, map[string]bool{}
			for _, fn := range p.functionsIn(call.Args[3]) {
				for param, typ := range params(fn.Type) {
					props, none := p.properties(typ), typ == "rule.None"
					known = known || none || props != nil
					for field, prop := range props {
						if field == "_" {
							idle[name+"."+prop] = true
							continue
						}
						declared[field] = true
					}
					if props != nil {
						p.reads(fn.Body, param, typ, read, map[*ast.FuncDecl]bool{})
					}
				}
			}
			if !known {
				findings = append(findings, fmt.Sprintf("%s: rule %s: it is not to be seen what its properties are", f.at(call.Pos()), name))
			}
			for field := range declared {
				if !read[field] {
					findings = append(findings, fmt.Sprintf("%s: rule %s: %s", f.at(call.Pos()), name, field))
				}
			}
			return true
		})
	}
	return rules, findings
}

func ruleName(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		name, _ := strconv.Unquote(lit.Value)
		return name
	}
	return "?"
}

// nameOf is X of X, or a.X; empty for anything else.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if from, ok := e.X.(*ast.Ident); ok {
			return from.Name + "." + e.Sel.Name
		}
	}
	return ""
}

// function is one that may be a rule's.
type function struct {
	Type *ast.FuncType
	Body *ast.BlockStmt
}

// functionsIn are those that an expression names or holds, and those inside of the ones it names: a rule's own is among them, whatever wraps it.
func (p *rulePackage) functionsIn(e ast.Expr) []function {
	var out []function
	literals := func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			out = append(out, function{lit.Type, lit.Body})
		}
		return true
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && p.funcs[id.Name] != nil {
			d := p.funcs[id.Name]
			out = append(out, function{d.Type, d.Body})
			ast.Inspect(d.Body, literals)
		}
		return literals(n)
	})
	return out
}

// params are a function's, by name with the name of their type.
func params(t *ast.FuncType) map[string]string {
	out := map[string]string{}
	for _, f := range t.Params.List {
		for _, n := range f.Names {
			out[n.Name] = nameOf(f.Type)
		}
		if len(f.Names) == 0 {
			out["-"+nameOf(f.Type)] = nameOf(f.Type)
		}
	}
	return out
}

// properties are those of a property struct, by field; nil for any other type.
func (p *rulePackage) properties(typ string) map[string]string {
	if typ == "rule.Sends" {
		return map[string]string{"EventName": "eventName"}
	}
	st := p.structs[typ]
	if st == nil {
		return nil
	}
	var out map[string]string
	add := func(field, prop string) {
		if out == nil {
			out = map[string]string{}
		}
		out[field] = prop
	}
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 {
			for field, prop := range p.properties(nameOf(f.Type)) {
				add(field, prop)
			}
			continue
		}
		if f.Tag != nil && strings.Contains(f.Tag.Value, `prop:"`) {
			_, prop, _ := strings.Cut(f.Tag.Value, `prop:"`)
			prop, _, _ = strings.Cut(prop, `"`)
			add(f.Names[0].Name, prop)
		}
	}
	return out
}

// embedded is the type of the struct that a property struct embeds under a name; empty if it does not.
func (p *rulePackage) embedded(typ, name string) string {
	if st := p.structs[typ]; st != nil {
		for _, f := range st.Fields.List {
			if of := nameOf(f.Type); len(f.Names) == 0 && of[strings.LastIndexByte(of, '.')+1:] == name {
				return of
			}
		}
	}
	return ""
}

// reads notes the fields of a parameter that a body looks at, and those that functions look at to which it is handed on.
func (p *rulePackage) reads(body *ast.BlockStmt, param, typ string, read map[string]bool, seen map[*ast.FuncDecl]bool) {
	of := func(e ast.Expr) string { // the property struct that an expression is
		switch e := e.(type) {
		case *ast.Ident:
			if e.Name == param {
				return typ
			}
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == param {
				return p.embedded(typ, e.Sel.Name)
			}
		}
		return ""
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if t := of(n.X); t != "" {
				read[n.Sel.Name] = true
			}
		case *ast.CallExpr:
			id, _ := n.Fun.(*ast.Ident)
			if id == nil || p.funcs[id.Name] == nil || seen[p.funcs[id.Name]] {
				return true
			}
			d := p.funcs[id.Name]
			for i, arg := range n.Args {
				if t := of(arg); t != "" {
					seen[d] = true
					p.reads(d.Body, paramAt(d.Type, i), t, read, seen)
				}
			}
		}
		return true
	})
}

// paramAt is the name of a function's parameter at a place.
func paramAt(t *ast.FuncType, at int) string {
	n := 0
	for _, f := range t.Params.List {
		for _, name := range f.Names {
			if n == at {
				return name.Name
			}
			n++
		}
	}
	return ""
}

// TestUnreadPropertiesAreSeen: also in a struct that another rule reads, behind a wrapper, in an embedded struct; not where they are handed on.
func TestUnreadPropertiesAreSeen(t *testing.T) {
	t.Parallel()
	const source = `package x
type inner struct { A string ` + "`prop:\"a\" doc:\"A.\"`" + ` }
type outer struct {
	inner
	rule.Sends
	B string ` + "`prop:\"b\" doc:\"B.\"`" + `
	_ string ` + "`prop:\"c\" doc:\"C.\"`" + `
}
func all(c *rule.Context, p outer) error { some(p.inner); rule.Forward(c, p.EventName); print(p.Sends); return deep(p) }
func some(in inner) { print(in.A) }
func deep(q outer) error { print(q.B); return nil }
func only(c *rule.Context, p outer) error { print(p.inner.A, "EventName"); return nil }
func fewer(c *rule.Context, _ outer) error { return nil }
func on[P any](run func(*rule.Context, P) error) func(*rule.Context, P) error { return func(c *rule.Context, p P) error { return run(c, p) } }
func made(yes bool) func(*rule.Context, inner) error { return on(func(c *rule.Context, p inner) error { if yes { print(p.A) }; return nil }) }
func bad(yes bool) func(*rule.Context, inner) error { return on(func(c *rule.Context, p inner) error { return nil }) }
func Rules() []rule.Rule { return []rule.Rule{
	rule.New("x", "All", "", on(all)), rule.New("x", "Only", "", only), rule.New("x", "Fewer", "", on(fewer)), rule.New("x", "Made", "", made(true)),
	rule.New("x", "Bad", "", bad(true)), rule.New("x", "None", "", func(*rule.Context, rule.None) error { return nil }), rule.New("x", "Dark", "", elsewhere.Rule),
} }`
	fset := token.NewFileSet()
	tree, err := parseSource(fset, "x.go", []byte(source))
	require.NoError(t, err)
	idle := map[string]bool{}
	n, findings := newRulePackage([]file{{path: "x/x.go", ast: tree, fset: fset}}).check(idle)
	require.Equal(t, 7, n)
	for i := range findings {
		_, findings[i], _ = strings.Cut(findings[i], ": rule ")
	}
	require.ElementsMatch(t, []string{"Only: B", "Only: EventName", "Fewer: A", "Fewer: B", "Fewer: EventName", "Bad: A", "Dark: it is not to be seen what its properties are"}, findings)
	require.Equal(t, map[string]bool{"All.c": true, "Only.c": true, "Fewer.c": true}, idle)
}
