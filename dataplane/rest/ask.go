package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/auth/tenant"
	reply "github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// GraphQL answers what the older resources ask of it, so that rights, defaults, events and refusals are those of its operations.
type GraphQL interface {
	// ExecuteKnown runs a document. Members of variables that their types do not know are left out.
	ExecuteKnown(ctx context.Context, p *tenant.Principal, req document.Request) reply.Response
}

// values are a JSON object, its numbers as they were written.
type values = map[string]any

// ask runs a document and gives its one field, with connections as lists; nil is null. The error tells of every place that is refused, as the
// request's body spells it.
func (a *API) ask(c *call, text string, variables values) (any, error) {
	answered := a.GraphQL.ExecuteKnown(c.r.Context(), c.caller, document.Request{Query: text, Variables: variables})
	var wrong wrongs
	for _, e := range answered.Errors {
		f := e.Fault()
		wrong.add(f.At(strings.TrimPrefix(strings.TrimPrefix(f.Field, "$"), "input.")))
	}
	if len(wrong) > 0 {
		return nil, wrong.err()
	}
	d := json.NewDecoder(bytes.NewReader(answered.Data))
	d.UseNumber()
	var data values
	if err := d.Decode(&data); err != nil {
		return nil, fmt.Errorf("read the answer of GraphQL: %w", err)
	}
	for _, field := range data {
		return field, nil
	}
	return nil, errors.New("the answer of GraphQL is empty")
}

// plain turns connections into lists of their nodes.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case values:
		if edges, ok := v["edges"].([]any); ok {
			nodes := make([]any, len(edges))
			for i, e := range edges {
				edge, _ := e.(values)
				nodes[i] = plain(edge["node"])
			}
			return nodes
		}
		for name := range v {
			v[name] = plain(v[name])
		}
	}
	return v
}

// object decodes a body that is an object, and names the retailer as inputs do: retailerId is retailer.id, and what the path began with if there is
// neither.
func (c *call) object() (values, error) {
	body, err := httpapi.ReadBody(c.w, c.r)
	if err != nil {
		return nil, err
	}
	var own struct {
		RetailerID httpapi.Text `json:"retailerId"`
	}
	if err := httpapi.DecodeJSON(body, &own); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in values
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("read the body again: %w", err)
	}
	if in == nil {
		in = values{}
	}
	if id := c.retailer(own.RetailerID); id != "" {
		in["retailerId"] = json.Number(id)
		if in["retailer"] == nil {
			in["retailer"] = values{"id": string(id)}
		}
		retailer, _ := in["retailer"].(values)
		var wrong wrongs
		if wrong.same("retailerId", id, retailer["id"]); own.RetailerID != "" && len(wrong) > 0 {
			return nil, wrong.err()
		}
	}
	return in, nil
}

// rename gives members of a list's objects the names that inputs have for them, and notes where both are there and differ.
func rename(in values, list string, names map[string]string) (wrong wrongs) {
	objects, _ := in[list].([]any)
	for i, x := range objects {
		object, _ := x.(values)
		for _, from := range slices.Sorted(maps.Keys(names)) {
			to := names[from]
			if v, given := object[from]; given && object[to] == nil {
				object[to] = v
			}
			wrong.same(fmt.Sprintf("%s[%d].%s", list, i, from), object[from], object[to])
		}
	}
	return wrong
}

// same notes a member that says something else than another one that means the same: one of the two would be left aside.
func (w *wrongs) same(place string, given, other any) {
	if given != nil && other != nil && fmt.Sprint(given) != fmt.Sprint(other) {
		w.add(fault.Invalidf(place, "%.80v is given, and %.80v in another member that means the same: give one of the two", given, other).WithCode(fault.CodeInvalid))
	}
}
