package edits

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// statements adds the mutants in which a statement of a list is forgotten.
func (w *walk) statements(n ast.Node, above []ast.Node) {
	switch n := n.(type) {
	case *ast.BlockStmt:
		w.list(n.List, n, above)
	case *ast.CaseClause:
		w.list(n.Body, n, above)
	case *ast.CommClause:
		w.list(n.Body, n, above)
		if block, ok := parent(above).(*ast.BlockStmt); ok && n.Comm != nil && len(block.List) > 1 {
			w.add(n.Pos(), "case "+w.short(n.Comm)+" left out", edit{w.offset(n.Pos()), w.offset(n.End()), ""})
		}
	}
}

func (w *walk) list(list []ast.Stmt, owner ast.Node, above []ast.Node) {
	if len(list) == 1 && branch(owner, above) {
		return // the mutant around it says the same
	}
	for i, s := range list {
		if w.removable(s, owner, above, i == len(list)-1) {
			w.add(s.Pos(), "left out: "+w.short(s), w.without(s)...)
		}
		w.locks(s, above)
	}
}

// branch reports whether what owner lists is done by something that is left out as a whole by another mutant.
func branch(owner ast.Node, above []ast.Node) bool {
	if c, ok := owner.(*ast.CaseClause); ok {
		return c.List != nil
	}
	switch parent(above).(type) {
	case *ast.IfStmt:
		return true
	case *ast.FuncLit: // defer func() { … }(), which is left out as a whole
		return len(above) > 2 && isDeferred(above[len(above)-3])
	}
	return false
}

func isDeferred(n ast.Node) bool {
	_, ok := n.(*ast.DeferStmt)
	return ok
}

func (w *walk) removable(s ast.Stmt, owner ast.Node, above []ast.Node, last bool) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return !ok || !w.quiet(call)
	case *ast.DeferStmt:
		return !w.quiet(s.Call)
	case *ast.GoStmt, *ast.SendStmt, *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE && !onlyBlank(s)
	case *ast.BranchStmt:
		return s.Tok == token.BREAK || s.Tok == token.CONTINUE
	case *ast.ReturnStmt:
		return !last || !isBody(owner, above)
	}
	return false
}

// isBody reports whether n is the body of a function: what ends it cannot be left out.
func isBody(n ast.Node, above []ast.Node) bool {
	switch f := parent(above).(type) {
	case *ast.FuncDecl:
		return f.Body == n
	case *ast.FuncLit:
		return f.Body == n
	}
	return false
}

// onlyBlank reports whether an assignment only tells the compiler that a value is not wanted.
func onlyBlank(s *ast.AssignStmt) bool {
	for _, e := range s.Lhs {
		if name, ok := e.(*ast.Ident); !ok || name.Name != "_" {
			return false
		}
	}
	return !slices.ContainsFunc(s.Rhs, func(e ast.Expr) bool { _, ok := e.(*ast.CallExpr); return ok })
}

// quiet reports whether a call may be left out without a change of what the program does (logs), or else hangs at once, which every test
// that comes by notices (locks that are not released).
func (w *walk) quiet(call *ast.CallExpr) bool {
	f := w.called(call)
	if f == nil {
		return false
	}
	switch name := f.FullName(); name {
	case "(*sync.Mutex).Lock", "(*sync.Mutex).Unlock", "(*sync.RWMutex).Lock", "(*sync.RWMutex).Unlock",
		"(*sync.RWMutex).RLock", "(*sync.RWMutex).RUnlock", "(sync.Locker).Lock", "(sync.Locker).Unlock", "(*sync.WaitGroup).Done":
		return true
	default:
		return strings.HasPrefix(name, "(*log/slog.Logger).") || strings.HasPrefix(name, "log/slog.")
	}
}

// locks adds the mutant in which a function takes a lock nowhere: each Lock with its Unlock.
func (w *walk) locks(s ast.Stmt, above []ast.Node) {
	receiver, name := w.lock(s)
	if name != "Lock" && name != "RLock" {
		return
	}
	body := function(above)
	if body == nil {
		return
	}
	var edits []edit
	first := true
	ast.Inspect(body, func(n ast.Node) bool {
		other, ok := n.(ast.Stmt)
		if !ok {
			return true
		}
		if r, called := w.lock(other); r == receiver && (called == name || called == strings.TrimSuffix(name, "Lock")+"Unlock") {
			if called == name && len(edits) == 0 && other != s {
				first = false // told of at the first Lock
			}
			edits = append(edits, w.without(other)...)
		}
		return true
	})
	if first {
		w.add(s.Pos(), "without the lock "+receiver, edits...)
	}
}

// lock is the lock that a statement takes or releases, and how.
func (w *walk) lock(s ast.Stmt) (receiver, name string) {
	var e ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.DeferStmt:
		e = s.Call
	}
	call, ok := e.(*ast.CallExpr)
	if !ok || !w.quiet(call) {
		return "", ""
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !strings.HasSuffix(selector.Sel.Name, "ock") {
		return "", ""
	}
	return w.text(selector.X), selector.Sel.Name
}

// function is the body of the innermost declared function or of the function literal around it all.
func function(above []ast.Node) *ast.BlockStmt {
	for _, n := range above {
		switch f := n.(type) {
		case *ast.FuncDecl:
			return f.Body
		case *ast.FuncLit:
			return f.Body
		}
	}
	return nil
}
