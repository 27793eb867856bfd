package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// statement recognises the beginning of a whole statement; parts that are put together at run time are derived, not constant.
var statement = regexp.MustCompile(`^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|UPSERT|CREATE|ALTER)\s`)

// found is a constant text with its place: events.go-120.
type found struct{ place, sql string }

// partsOf finds the store's parts: packages below it that send statements of their own.
func partsOf(folder string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list the store's parts: %w", err)
	}
	var parts []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the store's parts: %w", err)
		}
		at := filepath.Dir(path)
		if !strings.HasSuffix(path, "_test.go") && bytes.Contains(text, []byte("store.Statement{")) && !slices.Contains(parts, at) {
			parts = append(parts, at)
		}
	}
	return parts, nil
}

// constantsIn finds the SQL texts among the constants and literals of the package in folder.
func constantsIn(folder string) ([]found, error) {
	fset := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list the store's source: %w", err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the store's source: %w", err)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read %s: %w", folder, fs.ErrNotExist)
	}
	fold := newFolding(files)
	parts := partsOfSums(files)
	var all []found
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && parts[spec.Names[0].Name] {
				return false // seen in the statement that it is part of
			}
			expr, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := fold.text(expr)
			if !ok {
				_, sum := n.(*ast.BinaryExpr)
				return !sum // a sum with a part that is known at run time only: its literals are no statements
			}
			if _, name := n.(*ast.Ident); !name && statement.MatchString(text) && !strings.Contains(text, "%") {
				at := fset.Position(n.Pos())
				all = append(all, found{place: fmt.Sprintf("%s-%d", filepath.Base(at.Filename), at.Line), sql: text})
			}
			return false
		})
	}
	return all, nil
}

// folding knows the string constants of a package.
type folding map[string]ast.Expr

func newFolding(files []*ast.File) folding {
	f := folding{}
	for _, file := range files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				value, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for i, name := range value.Names {
					if i < len(value.Values) {
						f[name.Name] = value.Values[i]
					}
				}
			}
		}
	}
	return f
}

// text is the value of an expression made of string literals, named constants and +.
func (f folding) text(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return constant.StringVal(constant.MakeFromLiteral(e.Value, token.STRING, 0)), true
		}
	case *ast.ParenExpr:
		return f.text(e.X)
	case *ast.Ident:
		if value, ok := f[e.Name]; ok {
			return f.text(value)
		}
	case *ast.BinaryExpr:
		left, leftOK := f.text(e.X)
		right, rightOK := f.text(e.Y)
		return left + right, leftOK && rightOK && e.Op == token.ADD
	}
	return "", false
}

// partsOfSums are the names that occur as operands of +.
func partsOfSums(files []*ast.File) map[string]bool {
	parts := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			for _, operand := range []ast.Expr{sum.X, sum.Y} {
				if name, ok := operand.(*ast.Ident); ok {
					parts[name.Name] = true
				}
			}
			return true
		})
	}
	return parts
}
