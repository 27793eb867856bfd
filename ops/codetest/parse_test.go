package codetest_test

import (
	"fmt"
	"go/token"
	"os"
	"strconv"
)

// positions are those of all files.
var positions = token.NewFileSet()

func itoa(n int) string { return strconv.Itoa(n) }

func parseFile(path string) (file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return file{}, fmt.Errorf("read our code: %w", err)
	}
	tree, err := parseSource(positions, path, text)
	if err != nil {
		return file{}, fmt.Errorf("parse our code: %w", err)
	}
	return file{path: path, lines: countLines(text), ast: tree, fset: positions}, nil
}
