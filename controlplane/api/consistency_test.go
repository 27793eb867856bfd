package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// obedient is a consensus that answers as it is told, and notes what it was asked. It knows of no other leader.
type obedient struct {
	led
	here                    bool
	await, confirms, behind error
	asked                   []string
}

func (o *obedient) AwaitLeader(context.Context) (cluster.Peer, bool, error) {
	o.asked = append(o.asked, "leader")
	return cluster.Peer{}, o.here, o.await
}

func (o *obedient) ConfirmLeader(context.Context) error {
	o.asked = append(o.asked, "confirm")
	return o.confirms
}

func (o *obedient) AwaitIndex(_ context.Context, index state.Index) error {
	o.asked = append(o.asked, fmt.Sprint(index))
	return o.behind
}

func (o *obedient) Leader() (cluster.Peer, bool) { return cluster.Peer{}, false }

// TestWhoMayAnswer asks a server for reads of each consistency, and for changes, while it leads, does not, has lost its quorum, or is behind.
func TestWhoMayAnswer(t *testing.T) {
	t.Parallel()
	const read, change, status = controlplanev1connect.RegionServiceGetRegionProcedure, controlplanev1connect.RegionServiceCreateRegionProcedure,
		controlplanev1connect.ClusterServiceGetStatusProcedure
	lost := errors.New("no quorum")
	for name, c := range map[string]struct {
		procedure, consistency string
		consensus              obedient
		status                 int // StatusOK: it answers itself
		asked                  []string
	}{
		"a read at the leader":                {read, "", obedient{here: true}, http.StatusOK, []string{"leader", "confirm"}},
		"a read of the leader":                {read, "leader", obedient{here: true}, http.StatusOK, []string{"leader", "confirm"}},
		"a read without a quorum":             {read, "", obedient{here: true, confirms: lost}, http.StatusServiceUnavailable, []string{"leader", "confirm"}},
		"a read without a leader":             {read, "", obedient{await: lost}, http.StatusServiceUnavailable, []string{"leader"}},
		"a read elsewhere":                    {read, "", obedient{}, http.StatusServiceUnavailable, []string{"leader"}},
		"a read of anything":                  {read, "any", obedient{}, http.StatusOK, nil},
		"a read of what is known":             {read, "at-least=7", obedient{}, http.StatusOK, []string{"7"}},
		"a read of what is not known yet":     {read, "at-least=7", obedient{behind: lost}, http.StatusServiceUnavailable, []string{"7"}},
		"a read of nonsense":                  {read, "at-least=soon", obedient{here: true}, http.StatusBadRequest, nil},
		"a read of something else":            {read, "most", obedient{here: true}, http.StatusBadRequest, nil},
		"a change at the leader":              {change, "", obedient{here: true}, http.StatusOK, []string{"leader"}},
		"a change without a leader":           {change, "", obedient{await: lost}, http.StatusServiceUnavailable, []string{"leader"}},
		"a change elsewhere":                  {change, "", obedient{}, http.StatusServiceUnavailable, []string{"leader"}},
		"a change that any server is to make": {change, "any", obedient{}, http.StatusServiceUnavailable, []string{"leader"}},
		"a change at an index":                {change, "at-least=7", obedient{}, http.StatusServiceUnavailable, []string{"leader"}},
		"what each says of itself":            {status, "", obedient{await: lost}, http.StatusOK, nil},
		"what is no call":                     {"/healthz", "", obedient{await: lost}, http.StatusOK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := wire.NewServer()
			controlplanev1connect.RegisterRegionServiceHandler(server, controlplanev1connect.UnimplementedRegionServiceHandler{})
			controlplanev1connect.RegisterClusterServiceHandler(server, controlplanev1connect.UnimplementedClusterServiceHandler{})
			consensus := &c.consensus
			f := newForwarder(server, consensus, trusttest.New(t, "one").Server("cp2"), func(*http.Request) bool { return true })
			answer := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, c.procedure, strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/json")
			if c.consistency != "" {
				r.Header.Set(ConsistencyHeader, c.consistency)
			}
			f.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(answer, r)
			require.Equal(t, c.status, answer.Code, answer.Body.String())
			require.Equal(t, c.asked, consensus.asked)
		})
	}
}
