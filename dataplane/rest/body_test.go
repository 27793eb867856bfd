package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
)

// These tests are inside the package, for decoding has no door of its own.

func decode(t *testing.T, body string, v any) error {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	return readJSON(httptest.NewRecorder(), r, v)
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
		{"two megabytes and one", strings.Repeat(" ", MaxBody+1), "body", fault.TooLarge},
		{"too deep", `{"attributes": ` + strings.Repeat("[", 200), "line 1, column 143", fault.TooLarge},
		{"too many values", `{"attributes": [` + strings.Repeat("{},", 200_000), "line 1, column", fault.TooLarge},
		{"a number of 131,001 digits", `{"attributes": {"a": 1e131000}}`, "line 1, column 22", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v eventRequest
			err := decode(t, c.body, &v)
			require.True(t, fault.Is(err, c.kind), "%v", err)
			require.Contains(t, fault.Of(err).Field, c.place)
		})
	}
}

func TestIdsComeAsTextOrNumber(t *testing.T) {
	t.Parallel()
	var v eventRequest
	require.NoError(t, decode(t, `{"retailerId": 7, "entityId": "12", "entityRef": 900719925474099312345, "unknown": {"x": 1}}`, &v))
	require.EqualValues(t, "7", v.RetailerID)
	require.EqualValues(t, "12", v.EntityID)
	require.EqualValues(t, "900719925474099312345", v.EntityRef)
}

func TestMomentsComeInAllThreeForms(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026-01-31T10:00:00.000Z", "2026-01-31T12:00:00.000+02:00", "2026-01-31T12:00:00.000+0200", "2026-01-31T10:00:00"} {
		at, err := moment("from", &s)
		require.NoError(t, err)
		require.Equal(t, "2026-01-31T10:00:00.000Z", milliseconds(at), s)
	}
	wrong := "31.1.2026"
	_, err := moment("from", &wrong)
	require.Equal(t, "C0100E", fault.Of(err).Code)
}

func TestEveryKindOfFaultHasAStatusAndACode(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotZero(t, statuses[kind], "kind %d", kind)
		require.NotEmpty(t, codes[kind], "kind %d", kind)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"name":"X","entityType":"ORDER","entityRef":"O-1","retailerId":"1","attributes":{"a":[1]},"scheduledOn":"2026-01-01"}`)
	f.Add(`{"name":"X","entityType":"ORDER","entityId":5,"retailerId":1,"meta":{"workflow":{"rulesets":[{}]}}}`)
	f.Add("{\"name\":\"\xff\"}")
	p := tenant.New(tenant.Identity{Account: "ACME", UserID: "1", Username: "fuzz"})
	f.Fuzz(func(t *testing.T, body string) {
		var req eventRequest
		err := decode(t, body, &req)
		if err == nil {
			var event any
			event, err = req.event(p)
			if err == nil && !utf8.ValidString(req.Name) {
				t.Fatalf("an event with an invalid name passed: %v", event)
			}
		}
		if err != nil && fault.Of(err).Kind == fault.Internal {
			t.Fatalf("%q is the caller's mistake, not ours: %v", body, err)
		}
	})
}
