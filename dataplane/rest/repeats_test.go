package rest

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// TestARequestThatComesAgainHearsWhatTheFirstHeard: of jobs and batches, by what it says or by the id that its caller gave it, whatever has become of
// them since. Another caller's, to another address, of another retailer, or with another id is another request, and so is one whose first failed.
func TestARequestThatComesAgainHearsWhatTheFirstHeard(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	admin := tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}
	ann, bob := someone(admin), tenant.New(tenant.Identity{Account: "ACME", UserID: "8", Username: "bob"}, admin)
	const load = `{"name":"load","retailerId":"2"}`
	job := y.must(newJob, ann, load)
	require.Equal(t, job, y.must(newJob, ann, load))
	own := y.must(newJob, ann, `{"name":"load","retailerId":"2","id":"nightly"}`)
	require.Equal(t, own, y.must(newJob, ann, `{"name":"load again","retailerId":"2","id":"nightly"}`), "the id says that it is the same")
	id := job["id"].(string)
	seen := map[any]bool{id: true, own["id"]: true}
	for _, other := range []map[string]any{y.must(newJob, bob, load), y.must(newJob, ann, load+" "), y.must(newJob, ann, `{"name":"load","retailerId":"1"}`), y.must(newJob, bob, `{"name":"load","retailerId":"2","id":"nightly"}`)} {
		require.False(t, seen[other["id"]])
		seen[other["id"]] = true
	}

	batch := y.must(newBatch, ann, batchOf(""), id)
	require.Len(t, y.events, 1)
	require.NoError(t, y.api.Store.Write(t.Context(), y.scope, func(tx *store.Tx) error {
		jobs.Finish(tx, catalogue.ID(batch["id"].(string)), 1, nil)
		return nil
	}))
	require.Equal(t, batch, y.must(newBatch, ann, batchOf(""), id), "PENDING, as it was then")
	require.Len(t, y.events, 1, "nothing is loaded twice")
	require.Len(t, y.must(readJob, ann, "", id)["batch"], 1)
	require.Equal(t, []any{}, y.must(newJob, ann, load)["batch"], "as it was then")
	for _, other := range []map[string]any{y.must(newBatch, ann, batchOf(""), own["id"].(string)), y.must(newBatch, bob, batchOf(""), id), y.must(newBatch, ann, batchOf(`,"id":"1"`), id)} {
		require.NotEqual(t, batch["id"], other["id"])
	}
	require.Len(t, y.events, 4)
	refused := strings.Replace(batchOf(""), "UPSERT", "DROP", 1)
	for range 2 { // nothing was made, so there is no answer to repeat
		_, err := y.call(newBatch, ann, refused, id)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	}
	_, err := y.call(newBatch, someone(at(2, "BATCH_VIEW")), batchOf(""), id)
	require.True(t, fault.Is(err, fault.Forbidden), "a right that was taken away is asked for again")
}

// TestABatchThatIsSentAgainAfterItsJobClosed has been taken: that its answer was lost at midnight is no reason to refuse it.
func TestABatchThatIsSentAgainAfterItsJobClosed(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	ann := someone(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	job := func(closes time.Duration) {
		require.NoError(t, y.api.Store.Write(t.Context(), y.scope, func(tx *store.Tx) error {
			jobs.Add(tx, &jobs.Job{ID: "77", RetailerID: 2, Name: "closed", ClosesOn: tx.Now().Add(closes)})
			return nil
		}))
	}
	job(time.Hour)
	first := y.must(newBatch, ann, batchOf(""), "77")
	conn, err := pgx.Connect(t.Context(), y.dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "UPDATE jobs SET closes_on = now() WHERE account_id = 'ACME' AND id = 77")
	require.NoError(t, errors.Join(err, conn.Close(t.Context())))
	require.Equal(t, first, y.must(newBatch, ann, batchOf(""), "77"))
	_, err = y.call(newBatch, ann, batchOf(" "), "77")
	require.True(t, fault.Is(err, fault.Unprocessable), "%v", err)
}

// TestAnAnswerSaysThatItIsAnEarlierOne, so that who meant his request once more can tell.
func TestAnAnswerSaysThatItIsAnEarlierOne(t *testing.T) {
	t.Parallel()
	for _, repeated := range []bool{false, true} {
		w := httptest.NewRecorder()
		(&call{w: w}).answers(repeated)
		require.Equal(t, map[bool]string{true: "true"}[repeated], w.Header().Get("Idempotent-Replayed"))
	}
}

// TestEveryPlaceThatIsWrongIsTold at once, an element of errors each.
func TestEveryPlaceThatIsWrongIsTold(t *testing.T) {
	t.Parallel()
	ann := someone(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	for route, c := range map[string]struct {
		body  string
		wrong []string
	}{
		"POST /api/v4.1/event/async": {`{"retailerId":"x","source":"` + strings.Repeat("s", 256) + `","scheduledOn":"soon","attributes":[]}`,
			[]string{"name", "entityType", "source", "entityRef", "retailerId", "scheduledOn", "attributes"}},
		"POST /api/v4.1/job": {`{"retailerId":"-1","id":"` + strings.Repeat("s", 256) + `"}`, []string{"name", "id", "retailerId"}},
		"GET /api/v4.1/event?start=x&count=0&from=then&to=now": {"", []string{"start", "count", "from", "to"}},
		"POST /api/v4.1/event/sync": {`{"name":"A","entityType":"ORDER","entityId":"1","retailerId":"1","meta":{"workflow":{}}}`,
			[]string{"meta.workflow.retailerId", "meta.workflow.entityType", "meta.workflow.rulesets"}},
		"PUT /api/v4.1/workflow":             {`{}`, []string{"retailerId", "entityType", "entitySubtype", "rulesets", "statuses"}},
		"POST /api/v4.1/transition":          {`{"triggers":[{"retailerId":"1"},{},{"retailerId":"x"}]}`, []string{"triggers[1].retailerId", "triggers[2].retailerId"}},
		"GET /api/v4.1/order?retailerId=abc": {"", []string{"retailerId"}},
	} {
		method, target, _ := strings.Cut(route, " ")
		pattern, _, _ := strings.Cut(target, "?")
		_, err := answer(t, &API{Deps: Deps{Engine: &inbox{}}}, pattern, httptest.NewRequest(method, target, strings.NewReader(c.body)), ann)
		require.Error(t, err)
		var flat []string
		for _, e := range leaves(err) {
			flat = append(flat, fault.Of(e).Field)
		}
		require.Equal(t, c.wrong, flat, route)
	}
}

// leaves are the errors of which an error is joined.
func leaves(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, leaves(e)...)
	}
	return out
}
