package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// inbox is an engine that keeps what it is given: what the API lets through.
type inbox struct{ events []workflow.Event }

func (i *inbox) Send(_ context.Context, _ tenancy.Scope, ev workflow.Event, _ repeats.Request) (Outcome, error) {
	i.events = append(i.events, ev)
	return Outcome{}, nil
}

func (i *inbox) RunSync(ctx context.Context, scope tenancy.Scope, ev workflow.Event, request repeats.Request) (Outcome, error) {
	return i.Send(ctx, scope, ev, request)
}

func TestWhoBringsAWorkflowMustBeAllowedToChangeWorkflows(t *testing.T) {
	t.Parallel()
	const plain = `{"name":"Fix","retailerId":"2","entityType":"ORDER","entityId":"5"}`
	const own = `{"name":"Fix","retailerId":"2","entityType":"ORDER","entityId":"5","meta":{"workflow":{"retailerId":"2","version":"1.0","entityType":"ORDER",
		"rulesets":[{"name":"Fix","type":"ORDER","triggers":[],"rules":[]}]}}}`
	in := func(r tenancy.RetailerID, permissions ...string) tenant.Grant {
		return tenant.Grant{Role: "R", Permissions: permissions, Contexts: []tenant.Context{{Type: tenant.RetailerContext, Retailer: r}}}
	}
	for _, c := range []struct {
		name, body string
		grants     []tenant.Grant
		missing    string
	}{
		{"a plain event", plain, []tenant.Grant{in(2, "EVENT_CREATE")}, ""},
		{"a store assistant", own, []tenant.Grant{in(2, "EVENT_CREATE")}, "WORKFLOW_UPDATE"},
		{"an author without events", own, []tenant.Grant{in(2, "WORKFLOW_UPDATE")}, "EVENT_CREATE"},
		{"an author of another retailer", own, []tenant.Grant{in(2, "EVENT_CREATE"), in(3, "WORKFLOW_UPDATE")}, "WORKFLOW_UPDATE"},
		{"an author", own, []tenant.Grant{in(2, "EVENT_CREATE", "WORKFLOW_UPDATE")}, ""},
	} {
		for _, async := range []bool{false, true} {
			engine := &inbox{}
			a := &API{Deps: Deps{Engine: engine}}
			who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, c.grants...)
			pattern := "/api/v4.1/event/sync"
			if async {
				pattern = "/api/v4.1/event/async"
			}
			_, err := answer(t, a, pattern, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body)), who)
			if c.missing != "" {
				require.True(t, fault.Is(err, fault.Forbidden), c.name)
				require.Equal(t, c.missing, fault.Of(err).Meta["permission"], c.name)
				require.Empty(t, engine.events, c.name)
				continue
			}
			require.NoError(t, err, c.name)
			require.Len(t, engine.events, 1, c.name)
			want := ""
			if c.body == own {
				want = "7"
			}
			require.Equal(t, want, engine.events[0].Caller, c.name)
		}
	}
}

// TestAnEventSaysWhoAnswersForItsWorkflow: a user by its id, and a client that acts as itself by its own, for it has other rights than the user that it goes by.
func TestAnEventSaysWhoAnswersForItsWorkflow(t *testing.T) {
	t.Parallel()
	const body = `{"name":"Fix","retailerId":"2","entityType":"ORDER","entityId":"5","meta":{"workflow":{"retailerId":"2","version":"1.0","entityType":"ORDER",
		"rulesets":[{"name":"Fix","type":"ORDER","triggers":[],"rules":[]}]}}}`
	for client, want := range map[string]string{"": "7", "till": "7/till"} {
		engine := &inbox{}
		a := &API{Deps: Deps{Engine: engine}}
		who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "till", Client: client},
			tenant.Grant{Role: "R", Permissions: []string{"EVENT_CREATE", "WORKFLOW_UPDATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, Retailer: 2}}})
		for _, pattern := range []string{"/api/v4.1/event/sync", "/api/v4.1/event/async"} {
			_, err := answer(t, a, pattern, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), who)
			require.NoError(t, err)
		}
		require.Len(t, engine.events, 2)
		for _, ev := range engine.events {
			require.Equal(t, want, ev.Caller)
		}
	}
}

// TestAnEventIsAsUrgentAsWhoeverSendsIt: a person waits for what a user sends, a client is another system; none is taken for a shopper.
func TestAnEventIsAsUrgentAsWhoeverSendsIt(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]workflow.Priority{"": workflow.StoreWork, "erp": workflow.Integration} {
		engine := &inbox{}
		a := &API{Deps: Deps{Engine: engine}}
		who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann", Client: client},
			tenant.Grant{Role: "R", Permissions: []string{"EVENT_CREATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, Retailer: 2}}})
		for _, pattern := range []string{"/api/v4.1/event/sync", "/api/v4.1/event/async"} {
			_, err := answer(t, a, pattern, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"name":"Fix","retailerId":"2","entityType":"ORDER","entityId":"5","priority":1}`)), who)
			require.NoError(t, err)
		}
		require.Len(t, engine.events, 2)
		for _, ev := range engine.events {
			require.Equal(t, want, ev.Priority, "client %q", client)
		}
	}
}
