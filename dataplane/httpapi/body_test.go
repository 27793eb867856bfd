package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// request has a member of each kind that bodies have.
type request struct {
	Name       string          `json:"name"`
	EntityType string          `json:"entityType"`
	EntityID   httpapi.Text    `json:"entityId"`
	EntityRef  httpapi.Text    `json:"entityRef"`
	RetailerID httpapi.Text    `json:"retailerId"`
	Version    *httpapi.Number `json:"version"`
	Attributes json.RawMessage `json:"attributes"`
}

func decode(t *testing.T, body string, v any) error {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	return httpapi.ReadJSON(httptest.NewRecorder(), r, v)
}

func TestWrongBodiesAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, place string
		kind              fault.Kind
	}{
		{"empty", "", "body", fault.Invalid},
		{"cut off", "{\n \"name\": \"x\"", "line 2", fault.Invalid},
		{"a word", "hello", "line 1, column", fault.Invalid},
		{"not UTF-8", "{\"name\":\"a\xffb\"}", "line 1, column 11", fault.Invalid},
		{"number for text", `{"name": 3}`, "name", fault.Invalid},
		{"list for text", `{"entityType": []}`, "entityType", fault.Invalid},
		{"object for id", `{"retailerId": {}}`, "line 1, column 16", fault.Invalid},
		{"half a character", `{"name": "a\ud800"}`, "line 1, column 12", fault.Invalid},
		{"NUL", `{"attributes": {"a": "\u0000"}}`, "line 1, column 23", fault.Invalid},
		{"two megabytes and one", strings.Repeat(" ", httpapi.MaxBody+1), "body", fault.TooLarge},
		{"too deep", `{"attributes": ` + strings.Repeat("[", 200), "line 1, column 143", fault.TooLarge},
		{"too many values", `{"attributes": [` + strings.Repeat("{},", 200_000), "line 1, column", fault.TooLarge},
		{"a number of 131,001 digits", `{"attributes": {"a": 1e131000}}`, "line 1, column 22", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v request
			err := decode(t, c.body, &v)
			require.True(t, fault.Is(err, c.kind), "%v", err)
			require.Contains(t, fault.Of(err).Field, c.place)
		})
	}
}

func TestIdsComeAsTextOrNumber(t *testing.T) {
	t.Parallel()
	var v request
	require.NoError(t, decode(t, `{"retailerId": 7, "entityId": "12", "entityRef": 900719925474099312345, "unknown": {"x": 1}}`, &v))
	require.EqualValues(t, "7", v.RetailerID)
	require.EqualValues(t, "12", v.EntityID)
	require.EqualValues(t, "900719925474099312345", v.EntityRef)
}

func TestWholeNumbersMayComeAsText(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]httpapi.Number{`{"version": 3}`: 3, `{"version": "3"}`: 3, `{"version": 3.9}`: 3, `{"version": -1e3}`: -1000} {
		var v request
		require.NoError(t, decode(t, body, &v), body)
		require.Equal(t, want, *v.Version, body)
	}
	for _, body := range []string{`{"version": "three"}`, `{"version": ""}`, `{"version": 1e300}`, `{"version": [3]}`} {
		err := decode(t, body, new(request))
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", body, err)
		require.Equal(t, "line 1, column 13", fault.Of(err).Field, body)
	}
	var v request
	require.NoError(t, decode(t, `{"version": null}`, &v))
	require.Nil(t, v.Version)
}
