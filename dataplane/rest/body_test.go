package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// These tests are inside the package, for decoding has no door of its own.

func decode(t *testing.T, body string, v any) error {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	return httpapi.ReadJSON(httptest.NewRecorder(), r, v)
}

func TestMomentsComeInAllThreeForms(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026-01-31T10:00:00.000Z", "2026-01-31T12:00:00.000+02:00", "2026-01-31T12:00:00.000+0200", "2026-01-31T10:00:00"} {
		at, err := moment("from", &s)
		require.NoError(t, err)
		require.Equal(t, "2026-01-31T10:00:00.000Z", milliseconds(at), s)
	}
	for _, wrong := range []string{"31.1.2026", "9999-12-31T23:00:00-02:00", "0000-01-01T01:00:00+02:00"} {
		_, err := moment("from", &wrong)
		require.Equal(t, "C0100E", fault.Of(err).Code, wrong)
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

// TestEventsOfWordsThatNobodyKnows are refused at each place, with the nearest word: no ruleset and no entity would be found.
func TestEventsOfWordsThatNobodyKnows(t *testing.T) {
	t.Parallel()
	p := tenant.New(tenant.Identity{Account: "ACME", UserID: "1", Username: "ann"})
	for body, want := range map[string][]string{
		`"type":"NORML"`:           {`type: "NORML" is unknown: want NORMAL, EXCEPTION, GENERATED. Did you mean NORMAL?`},
		`"name":"Go "`:             {`name: "Go " begins or ends with a blank`},
		`"entityRef":"O-1\u0009"`:  {"entityRef: ", "U+0009"},
		`"rootEntityRef":"\u00a0"`: {"rootEntityRef: "},
		`"type":"normal","name":" X","scheduledOn":"2026-02-30"`: {"type: ", "name: ", "scheduledOn: "},
	} {
		var req eventRequest
		require.NoError(t, decode(t, `{"name":"X","entityType":"ORDER","entityRef":"O-1","retailerId":"1",`+body+`}`, &req))
		_, err := req.event(p)
		for _, part := range want {
			require.ErrorContains(t, err, part, body)
		}
	}
	var wrong wrongs
	wrong.known(word{"eventStatus", "FALED", itemStatuses}, word{"eventType", "", itemTypes}, word{"eventType", "API", itemTypes})
	require.ErrorContains(t, wrong.err(), "Did you mean FAILED?")
	require.Len(t, wrong, 1)
}
