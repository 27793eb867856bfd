// Package expression rates places by an expression that a retailer wrote: CEL, with a bound on what it may cost. It stands apart from the
// sourcing that runs it, which knows programs only.
package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

const (
	// CostLimit is what an expression may cost at one place, in CEL's units: about one for each operation, and for each ten characters of a
	// text. A thousand places at the limit take some tenths of a second.
	CostLimit = 1000
	// SizeLimit is how many characters an expression may have.
	SizeLimit = 2000
)

// environment knows place and inputs, and nothing else of the world.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	facts := cel.MapType(cel.StringType, cel.DynType)
	return cel.NewEnv(cel.Variable("place", facts), cel.Variable("inputs", facts), cel.ParserExpressionSizeLimit(SizeLimit), cel.ParserRecursionLimit(50))
})

// Compile is the Compiler of expressions in CEL. They read place.FACT, of sourcing.PlaceFacts, and inputs.NAME; any other name is refused. An
// expression gives a number.
func Compile(text string, inputs []string) (sourcing.Program, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("make the environment of expressions: %w", err)
	}
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("expression: %w", issues.Err())
	}
	if t := tree.OutputType(); !slices.ContainsFunc([]*cel.Type{cel.DoubleType, cel.IntType, cel.UintType, cel.DynType}, t.IsExactType) {
		return nil, fmt.Errorf("expression: it gives a %s, not a number", t)
	}
	known := map[string][]string{"place": sourcing.PlaceFacts(), "inputs": inputs}
	if unknown := strangers(tree.NativeRep().Expr(), known); len(unknown) > 0 {
		return nil, fmt.Errorf("expression: there is no %s", strings.Join(unknown, ", "))
	}
	run, err := env.Program(tree, cel.CostLimit(CostLimit), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("expression: %w", err)
	}
	return program{run}, nil
}

// strangers lists the members of place and inputs that are asked for and do not exist.
func strangers(e ast.Expr, known map[string][]string) (unknown []string) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		of, member := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
		if members, ours := known[of]; ours && !slices.Contains(members, member) {
			unknown = append(unknown, of+"."+member)
		}
	}))
	return unknown
}

type program struct{ run cel.Program }

// Rate runs the expression for one place.
func (p program) Rate(place, inputs map[string]any) (float64, error) {
	value, _, err := p.run.Eval(map[string]any{"place": place, "inputs": inputs})
	if err != nil {
		return 0, fmt.Errorf("expression: %w", err)
	}
	switch v := value.(type) {
	case types.Double:
		return float64(v), nil
	case types.Int:
		return float64(v), nil
	case types.Uint:
		return float64(v), nil
	}
	return 0, errors.New("expression: it gives a " + value.Type().TypeName() + ", not a number")
}
