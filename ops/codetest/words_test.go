package codetest_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, f := range files(t) {
		if !f.test {
			documented[f.folder()] = documented[f.folder()] || f.ast.Doc != nil
		}
	}
	var findings []string
	for folder, ok := range documented {
		if !ok {
			findings = append(findings, folder)
		}
	}
	report(t, "packages without a comment that says what they are for", findings)
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, decl := range f.ast.Decls {
			for _, name := range undocumented(decl) {
				findings = append(findings, f.at(decl.Pos())+": "+name)
			}
		}
	}
	report(t, "exported names without a comment", findings)
}

// undocumented lists the exported names of a declaration that no comment speaks of.
func undocumented(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		// Methods of the usual interfaces say what they do by their names.
		if d.Doc == nil && d.Name.IsExported() && !(d.Recv != nil && (!exportedReceiver(d) || wellKnown[d.Name.Name])) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		if d.Tok != token.TYPE || d.Doc != nil {
			return nil
		}
		var names []string
		for _, s := range d.Specs {
			if spec, ok := s.(*ast.TypeSpec); ok && spec.Name.IsExported() && spec.Doc == nil && spec.Comment == nil {
				names = append(names, spec.Name.Name)
			}
		}
		return names
	}
	return nil
}

var wellKnown = map[string]bool{
	"String": true, "Error": true, "Unwrap": true, "Len": true, "Less": true, "Swap": true, "MarshalJSON": true, "UnmarshalJSON": true,
	"MarshalText": true, "UnmarshalText": true, "ServeHTTP": true, "Close": true, "Read": true, "Write": true, "LogValue": true,
}

func exportedReceiver(fn *ast.FuncDecl) bool {
	typ := fn.Recv.List[0].Type
	for {
		switch e := typ.(type) {
		case *ast.StarExpr:
			typ = e.X
		case *ast.IndexExpr:
			typ = e.X
		case *ast.IndexListExpr:
			typ = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}

func TestErrorsAreWrapped(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && isErrorf(call) && formatsErrorByValue(call) {
				findings = append(findings, f.at(call.Pos()))
			}
			return true
		})
	}
	report(t, "fmt.Errorf with an error under a verb other than %w: callers cannot look inside", findings)
}

func isErrorf(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Errorf" {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "fmt"
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*[a-zA-Z%]`)

// formatsErrorByValue judges by name: an argument called err, or somethingErr, under %v, %s or %q.
func formatsErrorByValue(call *ast.CallExpr) bool {
	format, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return false
	}
	text, err := strconv.Unquote(format.Value)
	if err != nil {
		return false
	}
	arg := 1
	for _, v := range verb.FindAllString(text, -1) {
		if v == "%%" {
			continue
		}
		if arg >= len(call.Args) {
			return false
		}
		name, isName := call.Args[arg].(*ast.Ident)
		if isName && (name.Name == "err" || strings.HasSuffix(name.Name, "Err")) && !strings.HasSuffix(v, "w") && !strings.HasSuffix(v, "T") {
			return true
		}
		arg++
	}
	return false
}

func TestNoUnfinishedWork(t *testing.T) {
	t.Parallel()
	mark := regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}, "|") + `)\b`)
	var findings []string
	for _, f := range files(t) {
		for _, group := range f.ast.Comments {
			if mark.MatchString(group.Text()) {
				findings = append(findings, f.at(group.Pos()))
			}
		}
	}
	report(t, "marks of unfinished work", findings)
}

// sqlText recognises a statement at the beginning of a string.
var sqlText = regexp.MustCompile(`(?s)^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s|WITH\s+\S+\s+AS\s*\()`)

// sqlFolders may hold SQL: the store, its tools, and what measures it against raw SQL.
var sqlFolders = []string{"dataplane/store", "ops/embedded", "ops/migrations", "ops/bench", "ops/codetest"}

func TestOnlyTheStoreKnowsSQL(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if f.test || inAny(f.folder(), sqlFolders) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && sqlText.MatchString(text) {
				findings = append(findings, fmt.Sprintf("%s: %.60q", f.at(lit.Pos()), text))
			}
			return true
		})
	}
	report(t, "SQL outside of dataplane/store", findings)
}

func inAny(folder string, parents []string) bool {
	for _, p := range parents {
		if folder == p || strings.HasPrefix(folder, p+"/") {
			return true
		}
	}
	return false
}
