package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// shelf holds the one text of an environment.
type shelf struct {
	artefacts.Store // unused
	text            string
}

func (s *shelf) Get(context.Context, tenancy.Scope, string) ([]byte, error) {
	return []byte(s.text), nil
}

// wordy is a workflow as long as a body may be, nearly all of it a user action of one status.
func wordy() string {
	label := strings.Repeat("<says & much>", 15)
	actions := strings.Repeat(`{"eventName":"E","context":[{"label":"`+label+`","type":"PRIMARY","modules":["oms"],"confirm":true}],"attributes":[]},`, 6000)
	return `{"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","name":"ORDER::HD","version":"1.0","statuses":[{"name":"BOOKED","entityType":"ORDER","category":"BOOKING"}],"rulesets":[{"name":"CREATE","type":"ORDER","subtype":"HD","eventType":"NORMAL",
		"rules":[],"triggers":[{"status":"BOOKED"}],"userActions":[` + strings.TrimSuffix(actions, ",") + `]}]}`
}

// TestAnswersOfUserActionsAreBounded asks for the same long list of actions again and again, as a store assistant may.
func TestAnswersOfUserActionsAreBounded(t *testing.T) {
	state, err := desired.Open("")
	require.NoError(t, err)
	s := &shelf{text: wordy()}
	require.Less(t, len(s.text), httpapi.MaxBody)
	hash := sha256.Sum256([]byte(s.text))
	state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: 1, Resource: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{
		Configuration: &nodev1.Configuration{Account: "ACME", Retailer: 1, Version: "made", Artefacts: map[string]string{"workflow/ORDER::HD/1": hex.EncodeToString(hash[:])}}}}}}})
	a := &API{Deps: Deps{Configurations: configuration.New(state, s, configuration.Options{Memory: 64 << 20})}}
	who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, at(1, "FULFILMENT_VIEW"))
	written := httptest.NewRecorder()
	ask := func(triggers int) error {
		trigger := `{"type":"ORDER","subtype":"HD","status":"BOOKED","module":"oms","flexType":"ORDER::HD","retailerId":"1"}`
		body := `{"triggers":[` + strings.TrimSuffix(strings.Repeat(trigger+",", triggers), ",") + `]}`
		res, err := answer(t, a, "/api/v4.1/transition", httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)), who)
		if err == nil {
			written.Body.Reset()
			httpapi.WriteJSON(written, http.StatusOK, res)
		}
		return err
	}

	require.NoError(t, ask(2))
	var got struct {
		Response []struct {
			Trigger                  map[string]any
			UserActions, Transitions []struct{ Context []struct{ Label string } }
		}
	}
	require.NoError(t, json.Unmarshal(written.Body.Bytes(), &got))
	require.Len(t, got.Response, 2)
	for _, r := range got.Response {
		require.Equal(t, "BOOKED", r.Trigger["status"])
		require.Len(t, r.UserActions, 6000)
		require.Equal(t, r.UserActions, r.Transitions)
		require.Equal(t, strings.Repeat("<says & much>", 15), r.UserActions[5999].Context[0].Label)
	}

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = ask(maxTriggers)
	runtime.ReadMemStats(&after)
	f := fault.Of(err)
	require.Equal(t, []string{"C0001E", "triggers[4]"}, []string{f.Code, f.Field})
	taken := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d triggers take %d MB", maxTriggers, taken)
	require.Less(t, taken, uint64(128), "MB")
}
