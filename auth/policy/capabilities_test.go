package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests are inside the package because tenants' and operators' policies are not uploaded through it yet: the
// allow-list must hold before they are.

func TestBuiltinsOutsideTheListDoNotCompile(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		`http.send({"method": "get", "url": "http://127.0.0.1"})`, `opa.runtime()`, `time.now_ns()`, `rand.intn("x", 2)`,
		`net.lookup_ip_addr("localhost")`, `numbers.range(1, 1000000)`, `regex.match("a", "b")`, `uuid.rfc4122("x")`, `io.jwt.decode("x")`,
	} {
		_, err := prepare(t.Context(), "data.x.y", map[string]string{"x.rego": "package x\n\ny := " + call + "\n"})
		require.ErrorContains(t, err, "undefined function", call)
	}
	_, err := prepare(t.Context(), "data.x.y", map[string]string{"x.rego": "package x\n\ny if count(input.z) > 0\n"})
	require.NoError(t, err)
}

func TestAnswersThatAreNotUnderstoodDeny(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, "allow", 1, map[string]any{}, map[string]any{"answer": "perhaps"}, map[string]any{"answer": true}} {
		require.Equal(t, Deny, read(v, "").Answer)
	}
	d := read(map[string]any{"answer": "where", "regions": []any{"b", 1, "a"}}, "")
	require.Equal(t, []string{"a", "b"}, d.Where.Regions)
}
