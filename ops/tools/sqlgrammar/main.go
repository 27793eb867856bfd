// Command sqlgrammar checks SQL against CockroachDB's own grammar, without a CockroachDB server. It is a module of its own, since
// the parser is large and never belongs in what is shipped.
//
// Usage: sqlgrammar FOLDER… ; every file *.sql below the folders is parsed. It also demands that the primary key of each table with
// a column account_id begins with it, so that tenants' rows lie apart. Each finding is one line; any finding means exit status 1.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/parser"
	_ "github.com/cockroachdb/cockroachdb-parser/pkg/sql/plpgsql/parser" // the grammar refers to it for DO blocks
	_ "github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/builtins/builtinsregistry"
	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/sem/tree"
)

// tenantColumn has to lead the primary key of each table that has it.
const tenantColumn = "account_id"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: sqlgrammar FOLDER…")
		os.Exit(2)
	}
	files, findings := 0, 0
	for _, root := range os.Args[1:] {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".sql" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for _, finding := range check(string(text)) {
				findings++
				fmt.Printf("%s: %s\n", path, finding)
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	fmt.Printf("%d SQL files checked against CockroachDB's grammar, %d findings\n", files, findings)
	if findings > 0 || files == 0 {
		os.Exit(1)
	}
}

// check parses text, which may hold several statements, and returns what is wrong with it.
func check(text string) (findings []string) {
	defer func() {
		// The grammar panics on some input that it has no rule for.
		if r := recover(); r != nil {
			findings = append(findings, fmt.Sprintf("the parser gave up: %v", r))
		}
	}()
	statements, err := parser.Parse(text)
	if err != nil {
		return []string{strings.ReplaceAll(err.Error(), "\n", " ")}
	}
	for _, s := range statements {
		if table, ok := s.AST.(*tree.CreateTable); ok {
			findings = append(findings, checkKey(table)...)
		}
	}
	return findings
}

func checkKey(table *tree.CreateTable) []string {
	tenant, first := false, ""
	for _, def := range table.Defs {
		switch d := def.(type) {
		case *tree.ColumnTableDef:
			tenant = tenant || string(d.Name) == tenantColumn
			if d.PrimaryKey.IsPrimaryKey {
				first = string(d.Name)
			}
		case *tree.UniqueConstraintTableDef:
			if d.PrimaryKey && len(d.Columns) > 0 {
				first = string(d.Columns[0].Column)
			}
		}
	}
	if tenant && first != tenantColumn {
		return []string{fmt.Sprintf("table %s: the primary key begins with %q, not with %s", table.Table.Table(), first, tenantColumn)}
	}
	return nil
}
