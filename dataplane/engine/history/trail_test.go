package history_test

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// FuzzDecode: a trail's body that disk or hand has spoilt is an error, never a crash or a flood of memory.
func FuzzDecode(f *testing.F) {
	row, err := history.Encode(&history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", RootType: "ORDER", RootID: "7"})
	require.NoError(f, err)
	f.Add(row.Body)
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, body []byte) {
		spoilt := row
		spoilt.Body = body
		trail, err := history.Decode(&spoilt)
		if err == nil {
			history.Expand("ACME", trail)
		}
	})
}

func TestATrailComesBackAsItWas(t *testing.T) {
	t.Parallel()
	trail := &history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", RootType: "ORDER", RootID: "7"}
	row, err := history.Encode(trail)
	require.NoError(t, err)
	again, err := history.Decode(&row)
	require.NoError(t, err)
	require.Equal(t, trail.RootID, again.RootID)
	require.Equal(t, trail.TurnID, again.TurnID)
	_, err = history.Decode(&trailstore.Trail{Body: row.Body[:len(row.Body)/2]})
	require.Error(t, err)
}

// TestNumbersOfAttributesComeBackFromATrail: those that no float64 holds neither lose digits nor keep others' events from being listed.
func TestNumbersOfAttributesComeBackFromATrail(t *testing.T) {
	t.Parallel()
	given := catalogue.Values{"id": json.Number("900719925474099267"), "far": json.Number("1e999"), "near": 2.5}
	row, err := history.Encode(&history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", Events: []*history.Event{{Name: "E", Attributes: given}}})
	require.NoError(t, err)
	again, err := history.Decode(&row)
	require.NoError(t, err)
	require.Equal(t, given, again.Events[0].Attributes)
}

// full is a trail in which every member has a value.
func full() *history.Trail {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC)
	rule := &history.Rule{Name: "ACME.order.Do", Props: map[string]json.RawMessage{"status": json.RawMessage(`"BOOKED"`), "list": json.RawMessage("[1,\n 2]")}, Start: 2, Stop: 3,
		Actions: []history.Action{{Kind: history.Logging, Target: "a \"quoted\" line\nand ünïcode", Detail: map[string]any{
			"n": 1, "f": 2.5, "list": []any{"a", nil, true, 1e30}, "texts": []string{"x"}, "inner": map[string]any{"k": "v"}, "struct": struct{ A int }{7}}}},
		Failure: &history.Failure{Message: "no", Business: true, Stack: "a\n\tb"}}
	return &history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", RetailerID: 3, At: at, RootType: "ORDER", RootID: "7", RootRef: "HD_7",
		Workflow: "ORDER::HD", Version: "1.2", Configuration: "0123456789abcdef", Node: "n1", Tries: 2, Took: 1234, Events: []*history.Event{
			{ID: "e", Inline: true, Parents: []string{"p", "q"}, Name: "CREATE", Type: "NORMAL", EntityType: "ORDER", EntityID: "7", EntityRef: "HD_7",
				Attributes: map[string]any{"a": "b"}, Source: "s", GeneratedBy: "kim", GeneratedOn: at, State: "SUCCESS", Category: "BATCH", Reason: "r",
				Snapshot: json.RawMessage(`{"id":"7"}`), Start: 1, Stop: 4, Rulesets: []*history.Ruleset{{Name: "CREATE", Start: 1, Stop: 4, Rules: []*history.Rule{rule}, Discarded: true}}},
			{},
		}}
}

func TestTrailsAreWrittenAsTheyAreRead(t *testing.T) {
	t.Parallel()
	for _, trail := range []*history.Trail{full(), {}} {
		row, err := history.Encode(trail)
		require.NoError(t, err)
		again, err := history.Decode(&row)
		require.NoError(t, err)
		want, err := json.Marshal(trail)
		require.NoError(t, err)
		got, err := json.Marshal(again)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	}
	_, err := history.Encode(&history.Trail{Events: []*history.Event{{Attributes: map[string]any{"no": "number", "nan": math.NaN()}}}})
	require.Error(t, err, "what cannot be written is not written wrongly")
}

// TestOldTrailsAreRead: bodies from before there was a dictionary, and those that refer to the first one.
func TestOldTrailsAreRead(t *testing.T) {
	t.Parallel()
	enc, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	text, err := json.Marshal(full())
	require.NoError(t, err)
	again, err := history.Decode(&trailstore.Trail{TurnID: "x", Body: enc.EncodeAll(text, nil)})
	require.NoError(t, err)
	require.Len(t, again.Events, 2)

	body, err := base64.StdEncoding.DecodeString(firstDictionary)
	require.NoError(t, err)
	again, err = history.Decode(&trailstore.Trail{TurnID: "x", Body: body})
	require.NoError(t, err)
	require.Equal(t, "ORDER::HD", again.Workflow)
	require.Len(t, again.Events, 2)
}

// BenchmarkEncode writes a trail with as many events and rules as that of an order.
func BenchmarkEncode(b *testing.B) {
	trail := full()
	for len(trail.Events) < 12 {
		trail.Events = append(trail.Events, trail.Events[0])
	}
	for b.Loop() {
		row, err := history.Encode(trail)
		require.NoError(b, err)
		b.ReportMetric(float64(len(row.Body)), "bytes")
	}
}

// firstDictionary is the trail full as it was stored when the first dictionary was made.
const firstDictionary = "KLUv/UEAAdsCbQ0A8hM+LFAH3ABUPVVd1/XLtFZKEjFdQSNC7dyitAsAr1YpLKr29kQbyQ7U/NOQrutC85nLl7DlY5d3edex1u5GsEHRRddnzkOk85x2/gRqMsbYz0UKcv30zm9Ji7Epr/gNKcm1yPWZ87nF0vI6G77iFV9CFJTxuvjv+ixT0EubglIliXr6dp03cP7kFR/2e+6KMDB+JJogBJeX4EKIXntOPycR7kQtJ6pyh9AYxnQN4MvopIkBQMBCcXDw/DfF1vD6xsKhODj/AJwkLRtEcZN4fs9Dzm+v+M35UYDK9QX6wLDF1mMNAUajeRg0id01IJYPy8w62BbWFhJsGRM+IEDCQEBEGe31uZDvWvBfHP+lHRMYa4Y2FRCwG8RgBhknoIUPcHYmQ/OVaLCNY/dhAo/jcs6sieAdZGBYcBf0JTlkbxxDfEbAAwfzCXWwAwo1mK4D5PJNpkQR2vBquHmZOx9NPeBSAMTeeNxPb5o5R3iDkc0FaffSmgOqEeA2LhAFGuxlqN1mGHyasO/C3bxJeYHDBdkMG5kAACIGcS68SAl1JMCpGRxcmodxIRPjwm0g"
