package graphql_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
)

func (w *world) post(body string) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r = r.WithContext(tenant.NewContext(r.Context(), w.admin))
	rec := httptest.NewRecorder()
	w.exec.Handler().ServeHTTP(rec, r)
	var out map[string]any
	require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), &out), rec.Body.String())
	require.Equal(w.t, "application/json", rec.Header().Get("Content-Type"))
	return rec.Code, out
}

func TestBodiesThatAreNoRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name, body string
		status     int
		place      string
	}{
		{"broken JSON", "{\"query\":\n  \"{me{id}}\",}", 400, "line 2, column 14"},
		{"half", `{"query":"{me`, 400, "line 1, column 14"},
		{"empty", ``, 400, "line 1, column 1"},
		{"null", `null`, 400, "line 1, column 1"},
		{"list", `[{"query":"{me{id}}"}]`, 400, "line 1, column 1"},
		{"two values", `{"query":"{me{id}}"} {}`, 400, "line 1, column 22"},
		{"no query", `{"variables":{}}`, 400, "query"},
		{"query is no text", `{"query":5}`, 400, "query"},
		{"variables are no object", `{"query":"{me{id}}","variables":[1]}`, 400, "variables"},
		{"operationName is no text", `{"query":"{me{id}}","operationName":{}}`, 400, "operationName"},
		{"invalid UTF-8", "{\"query\":\"{me{id}}\xff\"}", 400, "line 1, column 19"},
		{"too deep", `{"query":"{me{id}}","variables":{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}}", 413, "line 1, column 164"},
		{"too many values", `{"query":"{me{id}}","variables":{"a":[` + strings.Repeat("0,", 200_000) + "0]}}", 413, ""},
		{"a number beyond all", `{"query":"{me{id}}","variables":{"a":1e400}}`, 400, "line 1, column 38"},
		{"too large", `{"query":"` + strings.Repeat(" ", 2<<20) + `"}`, 413, ""},
	} {
		status, out := w.post(c.body)
		require.Equal(t, c.status, status, c.name)
		if c.place != "" {
			require.Equal(t, c.place, at(out, "errors.0.extensions.field"), c.name)
		}
		require.NotEmpty(t, at(out, "errors.0.extensions.code"), c.name)
	}
	rec := httptest.NewRecorder()
	w.exec.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{}")))
	require.Equal(t, 401, rec.Code)
	rec = httptest.NewRecorder()
	w.exec.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/graphql", nil))
	require.Equal(t, 405, rec.Code)
}

func TestErrorsOfDocumentsAreAnsweredWith200(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ name, query, code string }{
		{"syntax", "{ me { id }", "GRAPHQL_PARSE_FAILED"},
		{"unknown field", "{ me { shoeSize } }", "GRAPHQL_VALIDATION_FAILED"},
		{"unknown argument", "{ orders(retailerId: 1) { edges { cursor } } }", "GRAPHQL_VALIDATION_FAILED"},
		{"wrong literal", `{ orders(first: "ten") { edges { cursor } } }`, "GRAPHQL_VALIDATION_FAILED"},
		{"a variable of the wrong type", "query($s: String) { orders(status: $s) { edges { cursor } } }", "GRAPHQL_VALIDATION_FAILED"},
		{"two operations without a name", "query A { me { id } } query B { me { id } }", "GRAPHQL_VALIDATION_FAILED"},
		{"nested without end", strings.Repeat("{a", 100_000), "C0001E"},
		{"one field again and again", "{" + strings.Repeat(" me { id }", 10_000) + "}", "C0001E"},
		{"a cycle of fragments", "{ me { ...a } } fragment a on User { ...b } fragment b on User { ...a }", "GRAPHQL_VALIDATION_FAILED"},
		{"subscription", "subscription { x }", "GRAPHQL_VALIDATION_FAILED"},
	} {
		status, out := w.post(`{"query":` + quote(c.query) + `}`)
		require.Equal(t, 200, status, c.name)
		require.Equal(t, c.code, at(out, "errors.0.extensions.code"), c.name)
		require.NotContains(t, out, "data", c.name)
	}
	_, out := w.post(`{"query":"{ me { shoeSize } }"}`)
	require.Equal(t, map[string]any{"line": 1.0, "column": 8.0}, at(out, "errors.0.locations.0"))

	status, out := w.post(`{"query":"query A { me { id } } query B { networks { edges { cursor } } }","operationName":"B","extensions":{"x":1}}`)
	require.Equal(t, 200, status)
	require.Contains(t, at(out, "data"), "networks")
	_, out = w.post(`{"query":"query A { me { id } }","operationName":"Other"}`)
	require.NotContains(t, out, "errors", "with one operation its name does not matter")
}

func TestAnswersHaveABound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, " a%d: __schema { types { fields { type { name } } } }", i)
	}
	status, out := w.post(`{"query":` + quote("{"+b.String()+"}") + `}`)
	require.Equal(t, 200, status)
	require.Equal(t, "C0001E", at(out, "errors.0.extensions.code"))
	require.Contains(t, at(out, "errors.0.message"), "33554432 bytes")
	require.Nil(t, out["data"])
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, out := w.post(`{"operationName":"IntrospectionQuery","query":` + quote(introspection.Query) + `}`)
	require.Equal(t, 200, status)
	require.NotContains(t, out, "errors")
	s := at(out, "data.__schema")
	require.Equal(t, "Mutation", at(s, "mutationType.name"))
	require.Nil(t, at(s, "subscriptionType"))
	byName := map[string]any{}
	for _, typ := range at(s, "types").([]any) {
		byName[at(typ, "name").(string)] = typ
	}
	require.Equal(t, "INTERFACE", at(byName["Product"], "kind"))
	require.NotEmpty(t, at(byName["Product"], "possibleTypes"))
	require.Nil(t, at(byName["Order"], "inputFields"))
	for _, f := range at(byName["Mutation"], "fields").([]any) {
		if at(f, "name") == "createOrder" {
			require.Equal(t, "CreateOrderInput", at(f, "args.0.type.name"))
		}
	}
	require.Equal(t, `{"__type":{"k":"SCALAR","name":"Json","fields":null},"none":null,"__typename":"Query"}`,
		w.raw(`{ __type(name: "Json") { k: kind name fields { name } } none: __type(name: "Nope") { name } __typename }`, ""))
}
