package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// texts are those of an environment by their hashes.
type texts struct {
	artefacts.Store // unused
	byHash          map[string]string
}

func (s *texts) Get(_ context.Context, _ tenancy.Scope, hash string) ([]byte, error) {
	return []byte(s.byHash[hash]), nil
}

// offers keeps a workflow whose one user action sends an event, and returns its hash.
func (s *texts) offers(event, version string) string {
	text := fmt.Sprintf(`{"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","name":"ORDER::HD","version":%q,"statuses":[],
		"rulesets":[{"name":"R","type":"FULFILMENT","eventType":"NORMAL","rules":[],"triggers":[{"status":"BOOKED"}],
		"userActions":[{"eventName":%q,"context":[],"attributes":[]}]}]}`, version, event)
	sum := sha256.Sum256([]byte(text))
	s.byHash[hex.EncodeToString(sum[:])] = text
	return hex.EncodeToString(sum[:])
}

// TestButtonsFollowTheRoot: while half of the orders work by a candidate, a trigger that names its order gets the actions of the version by which that
// works, and one that names none the stable ones. What is listed and read is stable.
func TestButtonsFollowTheRoot(t *testing.T) {
	t.Parallel()
	state, err := desired.Open("")
	require.NoError(t, err)
	s := &texts{byHash: map[string]string{}}
	state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: 1, Resource: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{
		Configuration: &nodev1.Configuration{Account: "ACME", Retailer: 1, Version: "stable", Artefacts: map[string]string{"workflow/ORDER::HD/1": s.offers("Old", "1.0")},
			Candidate: &nodev1.Candidate{Version: "tried", Share: 5000, Artefacts: map[string]string{"workflow/ORDER::HD/1": s.offers("New", "1.1")}}}}}}}})
	a := &API{Deps: Deps{Configurations: configuration.New(state, s, configuration.Options{})}}
	who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, at(1, "FULFILMENT_VIEW", "WORKFLOW_VIEW"))
	get := func(method, route, path, body string, into any, values ...string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		for i := 0; i+1 < len(values); i += 2 {
			r.SetPathValue(values[i], values[i+1])
		}
		res, err := answer(t, a, route, r, who)
		require.NoError(t, err)
		written := httptest.NewRecorder()
		httpapi.WriteJSON(written, http.StatusOK, res)
		require.NoError(t, json.Unmarshal(written.Body.Bytes(), into))
	}
	ids := []any{nil, ""} // of no root
	for i := range 40 {
		ids = append(ids, fmt.Sprint(i), i) // as text, and as a number
	}
	var triggers []string
	for _, id := range ids {
		root, err := json.Marshal(id)
		require.NoError(t, err)
		trigger := `{"type":"FULFILMENT","status":"BOOKED","flexType":"ORDER::HD","flexVersion":10000,"retailerId":"1"`
		if id != nil {
			trigger += `,"rootId":` + string(root)
		}
		triggers = append(triggers, trigger+"}")
	}
	var got struct {
		Response []struct {
			Trigger     map[string]any
			UserActions []struct{ EventName string }
		}
	}
	get(http.MethodPost, "/api/v4.1/transition", "/", `{"triggers":[`+strings.Join(triggers, ",")+`]}`, &got)
	require.Len(t, got.Response, len(ids))
	offered := map[string]int{}
	for i, r := range got.Response {
		want, text := "Old", ""
		if ids[i] != nil {
			text = fmt.Sprint(ids[i])
		}
		if workflow.Share(5000).Takes(workflow.Root{Type: "ORDER", ID: text}) {
			want = "New"
		}
		require.Len(t, r.UserActions, 1)
		require.Equal(t, want, r.UserActions[0].EventName, "%v", ids[i])
		if text == "" {
			require.NotContains(t, r.Trigger, "rootId")
		} else {
			require.Equal(t, text, r.Trigger["rootId"])
		}
		offered[want]++
	}
	require.Len(t, offered, 2, "%v", offered)

	var list struct{ Results []struct{ Version string } }
	get(http.MethodGet, "/api/v4.1/workflow", "/?retailerId=1", "", &list)
	require.Len(t, list.Results, 1)
	require.Equal(t, "1.0", list.Results[0].Version)
	var text struct{ Version string }
	get(http.MethodGet, "/api/v4.1/workflow/{retailer}/{name}", "/", "", &text, "retailer", "1", "name", "ORDER::HD")
	require.Equal(t, "1.0", text.Version)
}
