package codetest_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
)

// TestPlatformCodesAreNamed: what clients read of an error is spelled in domain/fault alone; elsewhere it goes by its name. Tests spell codes, for
// they say what clients see.
func TestPlatformCodesAreNamed(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^[CS]\d{4}E$`)
	var findings []string
	for _, f := range files(t) {
		if f.test || strings.HasPrefix(f.path, "domain/fault/") {
			continue
		}
		for _, l := range texts(f) {
			if code.MatchString(l.text) {
				findings = append(findings, f.at(l.at)+": "+l.text)
			}
		}
	}
	report(t, "platform codes in digits: use the constants of domain/fault", findings)
}

// text is a string literal of a file.
type text struct {
	text string
	at   token.Pos
}

// texts lists the string literals of a file, but for imports and tags.
func texts(f file) []text {
	var out []text
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				out = append(out, text{s, n.Pos()})
			}
		}
		return true
	})
	return out
}

// nameGiven lists the files outside of domain and the modules that name entities in texts, how often, and why. It only shrinks: what no longer
// names so many is to be corrected here.
var nameGiven = map[string]struct {
	count int
	why   string
}{
	"dataplane/provision/account.go": {1, "the family name of the first API user"},
	"dataplane/store/statements.go":  {3, "statements that the store itself reads settings and signs users in with"},
	"ops/demo/demo.go":               {1, "data of the demo: the type of a category"},
	"ops/story/tenant.go":            {1, "data of the story: the type of a category"},
	"ops/story/trace.go":             {1, "the story of an order asks for its events"},
}

// TestGenericCodeNamesNoEntity: what holds for one type stands in its declaration, or in its module. Code that names a type in a text has to be
// found and changed for each new one. Tests name what they test, and so do the packages that only tests import.
func TestGenericCodeNamesNoEntity(t *testing.T) {
	t.Parallel()
	c := domain.Catalogue()
	names := map[string]bool{}
	for _, typ := range append(slices.Clone(c.Types()), c.Abstract()...) {
		names[typ.Name] = true
		if typ.EntityType != "" {
			names[typ.EntityType] = true
		}
	}
	require.True(t, names["Order"] && names["INVENTORY_POSITION"] && names["Product"])
	found := map[string][]string{}
	for _, f := range files(t) {
		folder := f.folder() + "/"
		own := strings.HasPrefix(folder, "domain/") || strings.HasPrefix(folder, "dataplane/modules/")
		if f.test || own || testHelpers[f.folder()] {
			continue
		}
		for _, l := range texts(f) {
			if names[l.text] {
				found[f.path] = append(found[f.path], f.at(l.at)+": "+l.text)
			}
		}
	}
	var findings []string
	for path, list := range found {
		if given := nameGiven[path]; given.count != len(list) {
			findings = append(findings, append(list, fmt.Sprintf("%s: %d, and %d are given", path, len(list), given.count))...)
		}
	}
	for path, given := range nameGiven {
		if len(found[path]) == 0 || given.why == "" {
			findings = append(findings, path+": it names no entity any more, or there is no reason for it: take it off the list")
		}
	}
	report(t, "names of entities in generic code: make what is special about them a fact of their declaration, or code of a module", findings)
}

// generic are the rooms of code that knows no entity by its struct either.
var generic = []string{"dataplane/batching", "dataplane/engine", "dataplane/entity", "dataplane/graphql", "dataplane/httpapi", "dataplane/operation", "dataplane/rule"}

// TestGenericCodeImportsNoEntity: a switch over structs is a list of types like one of names. What concerns one type is a fact of its declaration, a check
// or a guard that is handed in, or code of a module.
func TestGenericCodeImportsNoEntity(t *testing.T) {
	t.Parallel()
	entities := map[string]bool{}
	for _, f := range files(t) {
		if strings.HasPrefix(f.path, "domain/") && strings.HasSuffix(f.path, "/spec.go") && f.folder() != "domain/catalogue" {
			entities[module+"/"+f.folder()] = true
		}
	}
	require.True(t, entities[module+"/domain/security"] && entities[module+"/domain/order"])
	var findings []string
	for _, f := range files(t) {
		room := slices.ContainsFunc(generic, func(g string) bool { return strings.HasPrefix(f.folder()+"/", g+"/") })
		if f.test || !room || testHelpers[f.folder()] {
			continue
		}
		for _, spec := range f.ast.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && entities[path] {
				findings = append(findings, f.at(spec.Pos())+": "+path)
			}
		}
	}
	report(t, "structs of entities in generic code", findings)
}

// testHelpers are packages that only tests import.
var testHelpers = map[string]bool{"dataplane/store/conformance": true, "dataplane/store/storetest": true, "dataplane/engine/enginetest": true, "dataplane/rule/ruletest": true}

// TestTheCatalogueIsHandedOn: a node makes the catalogue and gives it to the database; all others take that one, so that a test, or a later
// version, can have another. Tools and helpers of tests begin with it too.
func TestTheCatalogueIsHandedOn(t *testing.T) {
	t.Parallel()
	var findings []string
	wired := false
	for _, f := range files(t) {
		folder := f.folder() + "/"
		if f.test || strings.HasPrefix(folder, "domain/") || strings.HasPrefix(folder, "ops/") || testHelpers[f.folder()] {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || nameOf(s) != "domain.Catalogue" {
				return true
			}
			if f.folder() == "dataplane/node" {
				wired = true
				return true
			}
			findings = append(findings, f.at(s.Pos()))
			return true
		})
	}
	require.True(t, wired, "nobody makes it")
	report(t, "uses of the global catalogue: take that of the database, or of the context of a rule", findings)
}
