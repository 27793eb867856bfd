package edits

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// conditions adds what can go wrong with a truth value. The negation of a condition is not among it: who notices neither that it never
// holds nor that it always does cannot notice the negation, and who notices either notices that, too.
func (w *walk) conditions(n ast.Node, above []ast.Node) {
	switch n := n.(type) {
	case *ast.IfStmt:
		// One operand less of an && changes less than "always" does, and of an || less than "never".
		if !isOp(n.Cond, token.LOR) {
			w.constant(n.Cond, "never")
		}
		if !isOp(n.Cond, token.LAND) {
			w.constant(n.Cond, "always")
		}
	case *ast.ForStmt:
		if n.Cond != nil && n.Init == nil {
			w.constant(n.Cond, "never")
		}
	case *ast.CaseClause:
		w.cases(n, above)
	case *ast.BinaryExpr:
		w.binary(n, above)
	case *ast.UnaryExpr:
		if n.Op == token.NOT && !decides(n, above) {
			w.add(n.Pos(), w.short(n)+" → "+w.short(n.X), w.replace(n, w.text(n.X)))
		}
	case *ast.CallExpr:
		w.moments(n)
		if result, ok := parent(above).(*ast.ReturnStmt); ok && w.isBool(n) && slices.Contains(result.Results, ast.Expr(n)) {
			w.swap(n, "!"+w.text(n))
		}
	}
}

// constant adds the mutant in which cond is still compiled but has a fixed value.
func (w *walk) constant(cond ast.Expr, when string) {
	before := map[string]string{"never": "false && (", "always": "true || ("}[when]
	from, to := w.offset(cond.Pos()), w.offset(cond.End())
	w.add(cond.Pos(), w.short(cond)+" → "+when, edit{from, from, before}, edit{to, to, ")"})
}

// opposites are operators that are easily taken for each other: comparisons that differ in the bound itself, equality and its contrary, and
// arithmetic.
var opposites = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
}

func (w *walk) binary(n *ast.BinaryExpr, above []ast.Node) {
	switch n.Op {
	case token.LAND, token.LOR:
		for _, operand := range []ast.Expr{n.X, n.Y} {
			if isOp(operand, n.Op) {
				continue // its own operands are dropped one by one
			}
			before := map[token.Token]string{token.LAND: "(true || (", token.LOR: "(false && ("}[n.Op]
			from, to := w.offset(operand.Pos()), w.offset(operand.End())
			w.add(operand.Pos(), "without "+n.Op.String()+" "+w.short(operand), edit{from, from, before}, edit{to, to, "))"})
		}
	case token.EQL, token.NEQ:
		if !decides(n, above) {
			w.operator(n)
		}
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		w.operator(n)
	case token.ADD, token.SUB, token.MUL, token.QUO, token.REM:
		if tv := w.Info.Types[n]; tv.Value == nil && isNumber(tv.Type) {
			w.operator(n)
		}
	}
}

func (w *walk) operator(n *ast.BinaryExpr) {
	op := opposites[n.Op].String()
	at := w.offset(n.OpPos)
	w.add(n.OpPos, w.short(n)+" → "+op, edit{at, at + len(n.Op.String()), op})
}

// moments adds the bounds and orders that are calls.
func (w *walk) moments(call *ast.CallExpr) {
	f := w.called(call)
	if f == nil {
		return
	}
	switch f.FullName() {
	case "(time.Time).Before", "(time.Time).After":
		// a < b becomes a <= b, which is not b < a.
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if ok && len(call.Args) == 1 {
			w.swap(call, "!("+w.text(call.Args[0])+")."+f.Name()+"("+w.text(selector.X)+")")
		}
	case "cmp.Compare", "strings.Compare", "bytes.Compare":
		w.add(call.Pos(), w.short(call)+" → the other way round",
			w.replace(call.Args[0], w.text(call.Args[1])), w.replace(call.Args[1], w.text(call.Args[0])))
	}
}

// cases adds the mutants in which a value of a switch is forgotten.
func (w *walk) cases(n *ast.CaseClause, above []ast.Node) {
	if tagless(above) {
		for _, cond := range n.List {
			w.constant(cond, "never")
		}
		return
	}
	if len(n.List) == 1 {
		w.add(n.Pos(), "case "+w.short(n.List[0])+" left out", edit{w.offset(n.Pos()), w.offset(n.End()), ""})
		return
	}
	for i, value := range n.List {
		from, to := w.offset(value.Pos()), w.offset(value.End())
		if i > 0 {
			from = w.offset(n.List[i-1].End())
		} else if len(n.List) > 1 {
			to = w.offset(n.List[1].Pos())
		}
		w.add(value.Pos(), "case "+w.short(value)+" left out", edit{from, to, ""})
	}
}

// tagless reports whether the innermost switch above is one of conditions.
func tagless(above []ast.Node) bool {
	for _, n := range slices.Backward(above) {
		switch n := n.(type) {
		case *ast.SwitchStmt:
			return n.Tag == nil
		case *ast.TypeSwitchStmt:
			return false
		}
	}
	return false
}

// decides reports whether the value of n is a condition, or an operand of one, for which other mutants stand.
func decides(n ast.Node, above []ast.Node) bool {
	switch p := parent(above).(type) {
	case *ast.IfStmt, *ast.ForStmt:
		return true
	case *ast.CaseClause:
		return tagless(above)
	case *ast.BinaryExpr:
		return p.Op == token.LAND || p.Op == token.LOR
	}
	return false
}

func isOp(e ast.Expr, op token.Token) bool {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	return ok && b.Op == op
}

func (w *walk) isBool(e ast.Expr) bool {
	t := w.Info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

func isNumber(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsNumeric != 0
}

// called is the function or method that a call names; nil if it calls a value or converts.
func (w *walk) called(call *ast.CallExpr) *types.Func {
	var name *ast.Ident
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		name = f
	case *ast.SelectorExpr:
		name = f.Sel
	default:
		return nil
	}
	f, _ := w.Info.Uses[name].(*types.Func)
	return f
}
