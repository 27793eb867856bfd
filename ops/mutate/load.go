package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluent-oms/fluent/ops/mutate/edits"
)

// listed is what `go list` says of a package.
type listed struct {
	Dir, ImportPath, Export            string
	Standard, DepOnly                  bool
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
	Error                              *struct{ Err string }
}

func (l listed) tested() bool { return len(l.TestGoFiles)+len(l.XTestGoFiles) > 0 }

// source is a file of a package under trial.
type source struct {
	pack string // import path
	path string
	text []byte
}

// mutant is one change of one file.
type mutant struct {
	edits.Mutant
	file *source
}

// listPackages runs `go list` in a folder.
func (o options) listPackages(ctx context.Context, args ...string) ([]listed, error) {
	out, err := o.output(ctx, o.goTool, append([]string{"list", "-json=Dir,ImportPath,Export,Standard,DepOnly,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Error"}, args...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(out)); ; {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if l.Error != nil {
			return nil, fmt.Errorf("package %s: %s", l.ImportPath, l.Error.Err)
		}
		all = append(all, l)
	}
}

// load finds the mutants of packages.
func (o options) load(ctx context.Context, patterns []string) ([]mutant, error) {
	all, err := o.listPackages(ctx, append([]string{"-export", "-deps", "--"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	var found []mutant
	for _, l := range all {
		if l.DepOnly || l.Standard {
			continue
		}
		m, err := mutants(l, exports)
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", l.ImportPath, err)
		}
		found = append(found, m...)
	}
	return found, nil
}

func mutants(l listed, exports map[string]string) ([]mutant, error) {
	fset := token.NewFileSet()
	var files []*source
	var trees []*ast.File
	for _, name := range l.GoFiles {
		path := filepath.Join(l.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a source: %w", err)
		}
		tree, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse a source: %w", err)
		}
		files, trees = append(files, &source{l.ImportPath, path, text}), append(trees, tree)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})}
	if _, err := config.Check(l.ImportPath, fset, trees, info); err != nil {
		return nil, fmt.Errorf("check types: %w", err)
	}
	var found []mutant
	for i, tree := range trees {
		for _, m := range edits.Of(edits.Source{Fset: fset, Tree: tree, Text: files[i].text, Info: info}) {
			found = append(found, mutant{m, files[i]})
		}
	}
	return found, nil
}

// importers returns the tested packages that import pack, or whose tests do, by at most so many steps; the nearest first.
func importers(all []listed, pack string, steps int) []string {
	var found []string
	near, seen := map[string]bool{pack: true}, map[string]bool{pack: true}
	for range steps {
		next := map[string]bool{}
		for _, l := range all {
			if seen[l.ImportPath] || !containsAny(near, l.Imports, l.TestImports, l.XTestImports) {
				continue
			}
			seen[l.ImportPath] = true
			if l.tested() {
				found = append(found, l.ImportPath)
			}
			// What only tests import is not handed on: nobody imports tests.
			if containsAny(near, l.Imports) {
				next[l.ImportPath] = true
			}
		}
		near = next
	}
	return found
}

func containsAny(wanted map[string]bool, lists ...[]string) bool {
	for _, list := range lists {
		for _, name := range list {
			if wanted[name] {
				return true
			}
		}
	}
	return false
}
