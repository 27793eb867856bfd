package edits

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// values adds the mutants in which a constant, an operator of arithmetic or one of two functions is another.
func (w *walk) values(n ast.Node, above []ast.Node) {
	switch n := n.(type) {
	case *ast.Ident:
		w.name(n, above)
	case *ast.BasicLit:
		w.number(n, above)
	case *ast.UnaryExpr:
		if n.Op == token.SUB {
			w.swap(n, w.text(n.X))
		}
	case *ast.AssignStmt:
		if other, ok := opposites[n.Tok]; ok && isNumber(w.Info.TypeOf(n.Lhs[0])) {
			at := w.offset(n.TokPos)
			w.add(n.TokPos, w.short(n)+" → "+other.String(), edit{at, at + len(n.Tok.String()), other.String()})
		}
	}
}

// exchanged are names of the language itself that are easily taken for each other.
var exchanged = map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}

func (w *walk) name(n *ast.Ident, above []ast.Node) {
	other, ok := exchanged[n.Name]
	if !ok || decides(n, above) {
		return
	}
	if used := w.Info.Uses[n]; used != nil && used.Parent() == types.Universe {
		w.add(n.Pos(), w.line(n)+": "+n.Name+" → "+other, w.replace(n, other))
	}
}

// line is the line on which n stands.
func (w *walk) line(n ast.Node) string {
	from := w.offset(n.Pos())
	start := strings.LastIndexByte(string(w.Text[:from]), '\n') + 1
	line, _, _ := strings.Cut(string(w.Text[start:]), "\n")
	return short(line)
}

// number adds n+1, or n-1 where the comparison with its other bound says n+1 already; a duration is made ten times as long, as tests
// that do not wait hardly tell 30 seconds from 31.
func (w *walk) number(n *ast.BasicLit, above []ast.Node) {
	if n.Kind != token.INT || w.capacity(n, above) {
		return
	}
	if _, ok := parent(above).(*ast.CaseClause); ok {
		return // that the case is left out says more
	}
	value, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 62)
	if err != nil || len(n.Value) > 1 && n.Value[0] == '0' { // file modes and masks
		return
	}
	other := value + 1
	if p, ok := parent(above).(*ast.BinaryExpr); ok {
		switch {
		case value > 0 && w.isDuration(p):
			other = value * 10
		case value > 0 && (p.Op == token.LSS || p.Op == token.GEQ) && p.Y == n, value > 0 && (p.Op == token.GTR || p.Op == token.LEQ) && p.X == n:
			other = value - 1
		case p.Op == token.LSS || p.Op == token.GEQ:
			return
		}
	}
	w.add(n.Pos(), w.line(n)+": "+n.Value+" → "+strconv.FormatInt(other, 10), w.replace(n, strconv.FormatInt(other, 10)))
}

// capacity reports whether n only says how much room is made in advance.
func (w *walk) capacity(n *ast.BasicLit, above []ast.Node) bool {
	call, ok := parent(above).(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	if !ok || name.Name != "make" {
		return false
	}
	_, isMap := w.Info.TypeOf(call).Underlying().(*types.Map)
	return isMap || len(call.Args) == 3 && call.Args[2] == n
}

func (w *walk) isDuration(e ast.Expr) bool {
	t, ok := w.Info.TypeOf(e).(*types.Named)
	return ok && t.Obj().Name() == "Duration" && t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == "time"
}
