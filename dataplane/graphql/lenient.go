package graphql

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

// ExecuteKnown is Execute for variables of which members that their types do not know are left out: bodies of REST requests, in which the API
// promises to ignore them.
func (e *Executor) ExecuteKnown(ctx context.Context, p *tenant.Principal, req document.Request) answer.Response {
	doc, errs := e.documents.Load(req.Query)
	if len(errs) > 0 {
		return answer.Response{Errors: answer.FromDocument(errs)}
	}
	known := make(map[string]any, len(req.Variables))
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			if value, given := req.Variables[v.Variable]; given {
				known[v.Variable] = e.known(v.Type, value)
			}
		}
	}
	req.Variables = known
	return e.Execute(ctx, p, req)
}

// known is a value without the members that a type does not know.
func (e *Executor) known(t *ast.Type, value any) any {
	def := e.schema.Types[t.Name()]
	if def == nil || def.Kind != ast.InputObject {
		return value
	}
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = e.known(t, v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, f := range def.Fields {
			if x, given := v[f.Name]; given {
				out[f.Name] = e.known(f.Type, x)
			}
		}
		return out
	}
	return value
}
