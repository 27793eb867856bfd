// Command reference writes the tenants' API as pages of the documentation: a page for each package of the domain, with its types and operations,
// and one with the routes, errors and limits. All of it comes from the declarations that the API is made of.
//
// Usage: go generate ./ops/docs/reference, or go run ./ops/docs/reference docs/reference.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../../../docs/reference

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the folder to write to, got %d arguments", len(args))
	}
	pages, err := pages()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(args[0]); err != nil {
		return err
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(args[0], name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
