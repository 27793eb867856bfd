package codetest_test

import (
	"fmt"
	"go/token"
	"os"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

func parseFile(path string) (file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return file{}, fmt.Errorf("read our code: %w", err)
	}
	fset := token.NewFileSet()
	tree, err := parseSource(fset, path, text)
	if err != nil {
		return file{}, fmt.Errorf("parse our code: %w", err)
	}
	return file{path: path, lines: countLines(text), ast: tree, fset: fset}, nil
}
