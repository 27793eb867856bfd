// Package edits finds the small changes of behaviour that somebody might make to a Go file by mistake: a bound off by one, one of two
// conditions forgotten, a statement, a lock or a SQL condition left out, a constant changed. Pure: it reads no file and runs nothing.
package edits

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Source is one file of a package that was parsed with comments and type-checked.
type Source struct {
	Fset *token.FileSet
	Tree *ast.File
	Text []byte
	Info *types.Info // with Types, Uses and Selections
}

// Mutant is one change of one file.
type Mutant struct {
	Place  token.Position
	Change string // in one line, such as "a < b → a <= b"
	edits  []edit
}

// edit replaces the bytes [from, to) of a file.
type edit struct {
	from, to int
	text     string
}

// Apply returns the file's text with the change. Lines stay where they are above the change.
func (m Mutant) Apply(text []byte) []byte {
	var out []byte
	at := 0
	for _, e := range m.edits {
		out = append(out, text[at:e.from]...)
		out = append(out, e.text...)
		at = e.to
	}
	return append(out, text[at:]...)
}

// Of returns all mutants of a file in the order of their places; none of a generated file.
func Of(s Source) []Mutant {
	if ast.IsGenerated(s.Tree) {
		return nil
	}
	w := &walk{Source: s}
	ast.PreorderStack(s.Tree, nil, func(n ast.Node, above []ast.Node) bool {
		switch n.(type) {
		case *ast.ImportSpec, *ast.FieldList, *ast.ArrayType:
			return false
		}
		w.conditions(n, above)
		w.statements(n, above)
		w.values(n, above)
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			w.sql(text)
		}
		return true
	})
	slices.SortStableFunc(w.found, func(a, b Mutant) int { return cmp.Compare(a.Place.Offset, b.Place.Offset) })
	return w.found
}

// walk collects the mutants of one file.
type walk struct {
	Source
	found []Mutant
}

func (w *walk) add(at token.Pos, change string, edits ...edit) {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	w.found = append(w.found, Mutant{Place: w.Fset.Position(at), Change: change, edits: edits})
}

func (w *walk) offset(at token.Pos) int { return w.Fset.Position(at).Offset }

// text is the source of n.
func (w *walk) text(n ast.Node) string { return string(w.Text[w.offset(n.Pos()):w.offset(n.End())]) }

// short is the source of n in one line of bounded length.
func (w *walk) short(n ast.Node) string { return short(w.text(n)) }

func short(text string) string {
	const most = 70
	text = strings.Join(strings.Fields(text), " ")
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}

// replace puts text in the place of n.
func (w *walk) replace(n ast.Node, text string) edit {
	return edit{w.offset(n.Pos()), w.offset(n.End()), text}
}

// swap adds the mutant in which other stands instead of n.
func (w *walk) swap(n ast.Node, other string) {
	w.add(n.Pos(), w.short(n)+" → "+short(other), w.replace(n, other))
}

// without is n kept for the compiler, which wants names to be used, but never executed.
func (w *walk) without(n ast.Node) []edit {
	from, to := w.offset(n.Pos()), w.offset(n.End())
	return []edit{{from, from, "if false { "}, {to, to, " }"}}
}

// parent is the nearest node above that is no parenthesis.
func parent(above []ast.Node) ast.Node {
	for _, n := range slices.Backward(above) {
		if _, ok := n.(*ast.ParenExpr); !ok {
			return n
		}
	}
	return nil
}
