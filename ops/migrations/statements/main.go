// Command statements writes every SQL statement of the product to files, one per statement, for ops/tools/sqlgrammar to read: those that
// the store derives from the catalogue, policies for row-level security among them, and the texts that are constants in its source.
//
// Usage: statements FOLDER, from the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
)

// source holds SQL in itself and in its parts, and nobody else does.
const source = "dataplane/store"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: statements FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "statements:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	derived, err := store.Statements(domain.Catalogue())
	if err != nil {
		return fmt.Errorf("derive statements from the catalogue: %w", err)
	}
	derived = append(derived, store.Policies(domain.Catalogue())...)
	for n, s := range derived {
		if err := write(folder, fmt.Sprintf("derived-%04d-%s", n, s.Name), s.SQL); err != nil {
			return err
		}
	}
	parts, err := partsOf(source)
	if err != nil {
		return err
	}
	count := 0
	for _, part := range append([]string{source}, parts...) {
		constants, err := constantsIn(part)
		if err != nil {
			return err
		}
		for _, c := range constants {
			if err := write(folder, filepath.Base(part)+"-"+c.place, c.sql); err != nil {
				return err
			}
		}
		count += len(constants)
	}
	fmt.Printf("%d statements derived from the catalogue, %d constants of %s and %d parts\n", len(derived), count, source, len(parts))
	return nil
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

func write(folder, name, sql string) error {
	path := filepath.Join(folder, strings.Trim(unfit.ReplaceAllString(name, "-"), "-")+".sql")
	if err := os.WriteFile(path, []byte(sql+"\n"), 0o600); err != nil {
		return fmt.Errorf("write a statement: %w", err)
	}
	return nil
}
