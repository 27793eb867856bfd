package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

const sdl = `
scalar DateTime
scalar Json
enum Mode { FAST SLOW }
input Inner { n: Int!, f: Float, when: DateTime, j: Json, list: [String!], mode: Mode = SLOW, more: [Inner] }
type Query { f(id: ID, in: Inner, ids: [ID], n: Int = 7, grid: [[String]], flag: Boolean, when: DateTime): Query  g: Int }
`

func prepare(t testing.TB, text, body string) (*document.Operation, error) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	cache, err := document.NewCache(schema)
	require.NoError(t, err)
	doc, errs := cache.Load(text)
	if len(errs) > 0 {
		return nil, errs
	}
	req, err := document.Decode([]byte(body))
	require.NoError(t, err)
	op, errs := document.Prepare(schema, doc, req)
	if len(errs) > 0 {
		return nil, errs
	}
	return op, nil
}

func args(t testing.TB, text, variables string) map[string]any {
	op, err := prepare(t, text, `{"query":"x","variables":`+variables+`}`)
	require.NoError(t, err)
	got, err := op.Args(op.Collect(op.Schema.Query, op.Def.SelectionSet)[0])
	require.NoError(t, err)
	return got
}

func TestCoercion(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]any{"id": "5", "ids": []any{"1"}, "n": 7}, args(t, `{ f(id: 5, ids: 1) { g } }`, `{}`))
	require.Equal(t, map[string]any{"grid": []any{[]any{"a"}}, "n": 7}, args(t, `{ f(grid: "a") { g } }`, `null`))
	require.Equal(t, map[string]any{"n": 7}, args(t, `query($i: ID, $n: Int) { f(id: $i, n: $n) { g } }`, `{}`), "absent variables leave arguments absent")
	require.Equal(t, map[string]any{"id": nil, "n": nil}, args(t, `query($i: ID, $n: Int) { f(id: $i, n: $n) { g } }`, `{"i":null,"n":null}`))
	got := args(t, `query($in: Inner) { f(in: $in) { g } }`, `{"in":{"n":3.0,"f":2,"list":"x","more":{"n":1},"j":{"a":[1.50,null]}}}`)
	in := got["in"].(map[string]any)
	require.Equal(t, 3, in["n"])
	require.Equal(t, 2.0, in["f"])
	require.Equal(t, []any{"x"}, in["list"])
	require.Equal(t, "SLOW", in["mode"])
	require.Equal(t, []any{map[string]any{"n": 1, "mode": "SLOW"}}, in["more"])
	literal := args(t, `query($x: String = "d", $y: Int) { f(in: {n: 1, f: 3, list: [$x], j: {a: 1, b: [true, "s", $y]}, when: "2026-01-31T10:00:00.000Z"}) { g } }`, `{}`)
	require.Equal(t, []any{"d"}, literal["in"].(map[string]any)["list"])
}

func TestWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, place, code string }{
		{`{"n":1,"more":[{"n":1},{"n":"1"}]}`, "$in.more[1].n", "BAD_USER_INPUT"},
		{`{"n":2147483648}`, "$in.n", "BAD_USER_INPUT"},
		{`{"n":1,"f":"1"}`, "$in.f", "BAD_USER_INPUT"},
		{`{"f":1}`, "$in.n", "C0140E"},
		{`{"n":1,"mode":"slow"}`, "$in.mode", "BAD_USER_INPUT"},
		{`{"n":1,"when":"31.1.2026"}`, "$in.when", "C0100E"},
		{`{"n":1,"list":[null]}`, "$in.list[0]", "C0140E"},
		{`{"n":1,"j":{"a":["\u0000"]}}`, "$in.j.a[0]", "BAD_USER_INPUT"},
		{`7`, "$in", "BAD_USER_INPUT"},
	} {
		_, err := prepare(t, `query($in: Inner) { f(in: $in) { g } }`, `{"query":"x","variables":{"in":`+c.value+`}}`)
		require.ErrorContains(t, err, c.place, c.value)
		require.ErrorContains(t, err, "Variable", c.value)
	}
	for _, number := range []string{"1e999999", "1e-999999", "1e309"} { // as literals; as variables no body has them
		op, err := prepare(t, `{ f(in: {n: 1, j: [`+number+`]}) { g } }`, `{"query":"x"}`)
		require.NoError(t, err)
		_, err = op.Args(op.Collect(op.Schema.Query, op.Def.SelectionSet)[0])
		require.ErrorContains(t, err, "not a number that can be stored", number)
	}
}

func TestCollectMergesAndSkips(t *testing.T) {
	t.Parallel()
	op, err := prepare(t, `query($no: Boolean!) { a: f(id: 1) { g } ...x a: f(id: 1) { h: g } ... @skip(if: true) { b: g } c: g @include(if: $no) }
		fragment x on Query { a: f(id: 1) { ...x2 } } fragment x2 on Query { i: g }`, `{"query":"x","variables":{"no":false}}`)
	require.NoError(t, err)
	fields := op.Collect(op.Schema.Query, op.Def.SelectionSet)
	require.Len(t, fields, 1)
	var keys []string
	for _, f := range op.Sub(op.Schema.Query, fields[0]) {
		keys = append(keys, f.Key)
	}
	require.Equal(t, []string{"g", "i", "h"}, keys)
}

// TestVariablesInEachOfSeveralFragmentsAreSeen: those of a fragment that another one follows, too.
func TestVariablesInEachOfSeveralFragmentsAreSeen(t *testing.T) {
	t.Parallel()
	fragments := ` fragment x on Query { a: f(id: $i) { g } } fragment y on Query { b: f(n: $n) { ...z } } fragment z on Query { g }`
	for _, spreads := range []string{"...x ...y", "...y ...x", "...x ...y ...z", "...z ...x ...y"} {
		_, err := prepare(t, `query($i: ID, $n: Int) { `+spreads+` }`+fragments, `{"query":"x"}`)
		require.NoError(t, err, spreads)
		_, err = prepare(t, `query($n: Int) { `+spreads+` }`+fragments, `{"query":"x"}`)
		require.ErrorContains(t, err, `"$i" is not defined`, spreads)
		_, err = prepare(t, `query($i: ID) { `+spreads+` }`+fragments, `{"query":"x"}`)
		require.ErrorContains(t, err, `"$n" is not defined`, spreads)
	}
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"query":"{ f(id: 5) { g } }"}`, `{"query":"query($in: Inner) { f(in: $in) { g } }","variables":{"in":{"n":1}}}`,
		`{"query":"{ ...x } fragment x on Query { g }"}`, `{"query":"{ f(in: {n: 1, j: {a: \"\"\"b\"\"\"}}) { g } }"}`, `{"query":"{"}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	cache, err := document.NewCache(schema)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := document.Decode(body)
		if err != nil {
			return
		}
		doc, errs := cache.Load(req.Query)
		if len(errs) > 0 {
			return
		}
		op, errs := document.Prepare(schema, doc, req)
		if len(errs) > 0 || op.Def.Operation != ast.Query {
			return
		}
		for _, field := range op.Collect(schema.Query, op.Def.SelectionSet) {
			if field.Name == "f" {
				_, _ = op.Args(field) // any answer but a panic will do
			}
		}
	})
}

// TestManyFieldsMergeAsFewDo selects so many names that they are found by an index, some of them twice.
func TestManyFieldsMergeAsFewDo(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for range 2 {
		for i := range 50 {
			fmt.Fprintf(&text, " a%d: g", i)
		}
	}
	op, err := prepare(t, "{"+text.String()+" }", `{"query":"x"}`)
	require.NoError(t, err)
	fields := op.Collect(op.Schema.Query, op.Def.SelectionSet)
	require.Len(t, fields, 50)
	for i, f := range fields {
		require.Equal(t, fmt.Sprintf("a%d", i), f.Key)
		require.Len(t, f.Nodes, 2)
	}
}

func TestOnlyReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{ g }":                                        true,
		"query mutation { mutation }":                  true,
		"query($x: I = {mutation: 1}) { g }":           true,
		"fragment mutation on Q { g } { g }":           true,
		"# mutation\n\"\"\"mutation\"\"\" query { g }": true,
		"mutation { g }":                               false,
		"{ g } mutation { g }":                         false,
		"query a { g } mutation b { g }":               false,
		"{ g } # x\n,,mutation{g}":                     false,
		"subscription { g }":                           false,
		"{ g":                                          false,
		"\"a":                                          false,
		"query @skip(if: true) { g } mutation { g }":   false,
		"{ a { b } c }":                                true,
		"query($x: I) @d(if: [1]) @e { g }":            true,
	} {
		require.Equal(t, want, document.OnlyReads(text), text)
	}
}
