package answer_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/domain/fault"
)

func TestOnlyWhatMayBeSentAgainAsItIsIsUnavailable(t *testing.T) {
	t.Parallel()
	full := answer.FromFault(fault.New(fault.Unavailable, "full"), []any{"a"})
	taken := answer.FromFault(fault.New(fault.Exists, "taken"), []any{"b"})
	for _, c := range []struct {
		data   string
		errors []*answer.Error
		want   bool
	}{
		{`{"a":null}`, []*answer.Error{full}, true},
		{`null`, []*answer.Error{full}, true},
		{``, []*answer.Error{full}, true},
		{`{"a":null,"b":null}`, []*answer.Error{full, full}, true},
		{`{"a":null,"b":{"id":"1"}}`, []*answer.Error{full}, false}, // b was done: the same request would do it twice
		{`{"a":null,"b":null}`, []*answer.Error{full, taken}, false},
		{`{"a":null}`, nil, false},
		{`{"a":{"id":"1"}}`, nil, false},
	} {
		r := answer.Response{Data: json.RawMessage(c.data), Errors: c.errors}
		require.Equal(t, c.want, r.Unavailable(), "%s %v", c.data, c.errors)
	}
}

func TestEveryKindOfFaultHasACode(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotEmpty(t, answer.FromFault(fault.New(kind, "x"), nil).Extensions.Code, "kind %d", kind)
	}
	late := answer.Response{Data: json.RawMessage(`{"a":null}`), Errors: []*answer.Error{answer.FromFault(fault.New(fault.Expired, "late"), nil)}}
	require.False(t, late.Unavailable(), "who sends it again with as little time waits in vain")
}
