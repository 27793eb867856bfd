package codetest_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
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
