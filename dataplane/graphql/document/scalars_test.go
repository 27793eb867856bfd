package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

// scalars is a field with an argument of each scalar, alone, in lists and in an input, one of which takes a single field.
const scalars = `
scalar DateTime
scalar Json
scalar BigDecimal
enum Mode { FAST SLOW }
input In { v: Int, list: [Int!], deep: [In], one: Pick, mode: Mode }
input Pick @oneOf { ref: String, id: ID }
type Query { f(int: Int, float: Float, string: String, boolean: Boolean, id: ID, when: DateTime, decimal: BigDecimal, json: Json, ints: [Int], strings: [String!], in: In, pick: Pick, mode: Mode): Int }
`

// kinds are the arguments of f and their types.
var kinds = []struct{ name, of string }{
	{"int", "Int"}, {"float", "Float"}, {"string", "String"}, {"boolean", "Boolean"}, {"id", "ID"}, {"when", "DateTime"}, {"decimal", "BigDecimal"}, {"json", "Json"}, {"ints", "[Int]"}, {"strings", "[String!]"}, {"in", "In"}, {"pick", "Pick"}, {"mode", "Mode"},
}

// asker coerces a value for an argument of f.
type asker struct {
	schema *ast.Schema
	cache  *document.Cache
}

func newAsker(t testing.TB) asker {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: scalars})
	cache, err := document.NewCache(schema)
	require.NoError(t, err)
	return asker{schema, cache}
}

func (a asker) ask(query string, variables []byte) (any, error) {
	body := []byte(`{"query":` + quoted(query))
	if variables != nil {
		body = append(append(body, `,"variables":`...), variables...)
	}
	req, err := document.Decode(append(body, '}'))
	if err != nil {
		return nil, err
	}
	doc, errs := a.cache.Load(req.Query)
	if len(errs) > 0 {
		return nil, errs
	}
	op, errs := document.Prepare(a.schema, doc, req)
	if len(errs) > 0 {
		return nil, errs
	}
	args, err := op.Args(op.Collect(op.Schema.Query, op.Def.SelectionSet)[0])
	for _, v := range args {
		return v, err
	}
	return nil, err
}

func quoted(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// inVariable and inLiteral give the same JSON value in the two ways that there are.
func (a asker) inVariable(name, of string, raw []byte) (any, error) {
	return a.ask(fmt.Sprintf("query($v: %s) { f(%s: $v) }", of, name), append(append([]byte(`{"v":`), raw...), '}'))
}

func (a asker) inLiteral(name string, v any) (any, error) {
	return a.ask(fmt.Sprintf("{ f(%s: %s) }", name, literal(v)), nil)
}

// literal prints a JSON value in the language of documents; the words of the enumeration stand bare.
func literal(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+": "+literal(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, literal(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if v == "FAST" || v == "SLOW" {
			return v
		}
		return quoted(v)
	case json.Number:
		return v.String()
	default:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
}

// TestVariablesAndLiteralsFollowTheSameRules, which the library does not promise: it looks at variables less closely.
func TestVariablesAndLiteralsFollowTheSameRules(t *testing.T) {
	t.Parallel()
	a := newAsker(t)
	for _, c := range []struct {
		name, raw string
		want      any // nil: refused
	}{
		{"int", `2147483647`, 2147483647}, {"int", `-2147483648`, -2147483648}, {"int", `2147483648`, nil}, {"int", `-2147483649`, nil}, {"int", `"5"`, nil}, {"int", `true`, nil}, {"int", `1.5`, nil}, {"int", `1e400`, nil}, {"int", `[1]`, nil}, {"int", `-0`, 0},
		{"float", `2147483648`, 2147483648.0}, {"float", `1e2`, 100.0}, {"float", `"1.5"`, nil}, {"float", `1e400`, nil}, {"float", `false`, nil},
		{"string", `"x"`, "x"}, {"string", `""`, ""}, {"string", `5`, nil}, {"string", `true`, nil}, {"string", `["x"]`, nil}, {"string", `"a\u0000"`, nil}, {"string", `"é🎉"`, "é🎉"}, {"string", `"\ud83c\udf89"`, "🎉"}, {"string", `"\t\n\"\\/"`, "\t\n\"\\/"},
		{"boolean", `true`, true}, {"boolean", `"true"`, nil}, {"boolean", `1`, nil},
		{"id", `"A-1"`, "A-1"}, {"id", `7`, "7"}, {"id", `9223372036854775807`, "9223372036854775807"}, {"id", `9223372036854775808`, nil}, {"id", `1.5`, nil}, {"id", `true`, nil},
		{"decimal", `12.50`, json.Number("12.50")}, {"decimal", `"12.50"`, json.Number("12.50")}, {"decimal", `"x"`, nil}, {"decimal", `true`, nil},
		{"when", `5`, nil}, {"when", `"2026-13-01"`, nil}, {"when", `true`, nil},
		{"ints", `1`, []any{1}}, {"ints", `[1,null]`, []any{1, nil}}, {"ints", `["1"]`, nil}, {"ints", `[[1]]`, nil}, {"strings", `[null]`, nil}, {"strings", `"a"`, []any{"a"}}, {"strings", `[2147483648]`, nil},
		{"mode", `"FAST"`, "FAST"}, {"mode", `"fast"`, nil}, {"mode", `1`, nil},
		{"json", `{"a":[1.50,"x",null,true]}`, map[string]any{"a": []any{json.Number("1.50"), "x", nil, true}}}, {"json", `[1e999999]`, nil},
		{"in", `{"v":1,"list":[2]}`, map[string]any{"v": 1, "list": []any{2}}}, {"in", `{"x":1}`, nil}, {"in", `{"list":[null]}`, nil}, {"in", `{"deep":{"v":2147483648}}`, nil}, {"in", `5`, nil}, {"in", `"x"`, nil}, {"in", `{"mode":"NO"}`, nil},
		{"pick", `{"ref":"A"}`, map[string]any{"ref": "A"}}, {"pick", `{}`, nil}, {"pick", `{"ref":"A","id":"1"}`, nil}, {"pick", `{"ref":null}`, nil}, {"pick", `{"ref":"A","id":null}`, nil}, {"in", `{"one":{"ref":"A","id":1}}`, nil}, {"in", `{"one":{"id":1}}`, map[string]any{"one": map[string]any{"id": "1"}}},
	} {
		at := slices.IndexFunc(kinds, func(k struct{ name, of string }) bool { return k.name == c.name })
		byVariable, vErr := a.inVariable(c.name, kinds[at].of, []byte(c.raw))
		byLiteral, lErr := a.inLiteral(c.name, decoded(t, c.raw))
		if c.want == nil {
			require.Error(t, vErr, "%s as %s, in a variable", c.raw, c.name)
			require.Error(t, lErr, "%s as %s, in the document", c.raw, c.name)
			continue
		}
		require.NoError(t, vErr, "%s as %s", c.raw, c.name)
		require.NoError(t, lErr, "%s as %s", c.raw, c.name)
		require.Equal(t, []any{c.want, c.want}, []any{byVariable, byLiteral}, "%s as %s", c.raw, c.name)
	}
	_, err := a.ask(`query($r: String) { f(pick: {ref: $r}) }`, []byte(`{}`))
	require.ErrorContains(t, err, "exactly one")
	_, err = a.ask(`query($r: String) { f(pick: {ref: $r}) }`, []byte(`{"r":null}`))
	require.ErrorContains(t, err, "cannot be null")
	v, err := a.ask(`query($r: String) { f(pick: {ref: $r}) }`, []byte(`{"r":"A"}`))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"ref": "A"}, v)
}

func decoded(t testing.TB, raw string) (v any) {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

// FuzzScalars: a value that is given in a variable and in the document is taken both times, as the same, or refused both times. A whole number that is
// written with a point or an exponent, as 3.0, is an integer in a variable alone: JSON has one kind of number.
func FuzzScalars(f *testing.F) {
	for i := range kinds {
		for _, raw := range []string{`5`, `-2147483649`, `1.5`, `"x"`, `"5"`, `true`, `null`, `[1,2]`, `{"v":1}`, `{"ref":"A"}`, `"2026-01-31T10:00:00+02:00"`, `"é\ud83c\udf89\u0007"`, `"FAST"`, `1e400`} {
			f.Add(i, []byte(raw))
		}
	}
	a := newAsker(f)
	f.Fuzz(func(t *testing.T, kind int, raw []byte) {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if kind < 0 || kind >= len(kinds) || d.Decode(&v) != nil || d.More() || !plain(v) {
			return
		}
		raw, _ = json.Marshal(v)
		k := kinds[kind]
		byVariable, vErr := a.inVariable(k.name, k.of, raw)
		byLiteral, lErr := a.inLiteral(k.name, v)
		if (vErr == nil) != (lErr == nil) {
			t.Fatalf("%s as %s: in a variable %v %v, in the document %v %v", raw, k.of, byVariable, vErr, byLiteral, lErr)
		}
		if vErr == nil {
			require.Equal(t, byVariable, byLiteral, "%s as %s", raw, k.of)
		}
	})
}

// plain reports whether a value can be written as a literal: names of fields are names there, and 3.0 is no integer.
func plain(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return !strings.ContainsAny(v.String(), ".eE")
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !plain(x) })
	case map[string]any:
		for name, x := range v {
			if !isName(name) || !plain(x) {
				return false
			}
		}
	case string:
		return v != "FAST" && v != "SLOW"
	}
	return true
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
