package document_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

// plainBodies are read in one pass.
var plainBodies = []string{
	`{"query":"{ g }"}`, ` { "query" : "x" , "variables" : null , "operationName" : null } `, `{"query":"x","extensions":{"a":[1,{"b":null}]}}`,
	"{\"query\":\"query($a: ID) {\\n\\tg\\r\\b\\f\\\\ \\/ \\\" }\",\r\n\t\"operationName\":\"q\"}",
	`{"query":"\u0041\u00e9\u20ac\ud83d\ude00é😀","variables":{"a":"\u0000","é":"","":{}}}`,
	`{"variables":{"a":[],"b":{},"c":[0,-0,1.50,-12e+7,3E-2,10,1e5],"d":[true,false,null],"e":"x","e":"y","f":[[["deep"]]]},"query":"x"}`,
}

// otherBodies are not: broken ones, and those of which it takes the standard library to say what they mean.
var otherBodies = []string{
	``, `{}`, `[]`, `null`, `"query"`, `{"query":""}`, `{"query":null}`, `{"query":1}`, `{"query":"x","variables":[]}`, `{"query":"x","operationName":{}}`,
	`{"Query":"x"}`, `{"query":"x","VARIABLES":{}}`, `{"query":"x","query":"y"}`, `{"query":"x","variables":{"a":1},"variables":{"b":2}}`,
	`{"query":"x"`, `{"query":"x"}}`, `{"query":"x"} 1`, `{"query":"x",}`, `{,"query":"x"}`, `{"query" "x"}`, `{"query":"x" "a":1}`, `{query:"x"}`,
	`{"query":"x`, `{"query":"x\`, `{"query":"\x"}`, `{"query":"\u12"}`, `{"query":"\u12g4"}`, `{"query":"\ud800"}`, `{"query":"\ud800\u0041"}`, `{"query":"\udc00"}`,
	"{\"query\":\"a\nb\"}", "{\"query\":\"a\x01\"}", `{"query":"x","variables":{"a":01}}`, `{"query":"x","variables":{"a":-}}`, `{"query":"x","variables":{"a":1.}}`,
	`{"query":"x","variables":{"a":.5}}`, `{"query":"x","variables":{"a":1e}}`, `{"query":"x","variables":{"a":+1}}`, `{"query":"x","variables":{"a":1 2}}`,
	`{"query":"x","variables":{"a":tru}}`, `{"query":"x","variables":{"a":nul`, `{"query":"x","variables":{"a":[1,]}}`, `{"query":"x","variables":{"a":[1 2]}}`,
	`{"query":"x","variables":{"a"}}`, `{"query":"x","variables":{a:1}}`, `{"query":"x","other":}`,
}

func TestBodiesThatAreReadInOnePass(t *testing.T) {
	t.Parallel()
	for _, body := range plainBodies {
		got, ok := document.Plain([]byte(body))
		require.True(t, ok, body)
		want, err := document.DecodeOne([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
	for _, body := range otherBodies {
		_, ok := document.Plain([]byte(body))
		require.False(t, ok, body)
	}
}

// TestARequestIsReadWithFewAllocations counts those of a nested read: the text, the variables, the name and the value of one.
func TestARequestIsReadWithFewAllocations(t *testing.T) {
	body := []byte(`{"query":"` + strings.Repeat(`query($id: ID!) { orderById(id: $id) { ref } }\n`, 10) + `","variables":{"id":"4711"}}`)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = document.Decode(body) }), 9.0)
}

// FuzzPlain compares what is read in one pass with what the standard library makes of it.
func FuzzPlain(f *testing.F) {
	for _, body := range append(plainBodies, otherBodies...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := document.Plain(body)
		if !ok || !utf8.Valid(body) {
			return
		}
		want, err := document.DecodeOne(body)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
