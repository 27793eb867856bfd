package batching_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
)

var breaks = rule.New("products", "Break", "Fails.", func(context.Context, *rule.Context, rule.None) error { return errors.New("broken") })

type onward struct {
	To string `prop:"to" doc:"The event that goes on, in a turn of its own."`
}

// handOn sends an event that stands for the same batch a moment later, if it is to send one.
var handOn = rule.New("products", "HandOn", "Hands the batch on.", func(_ context.Context, c *rule.Context, p onward) error {
	if p.To != "" {
		c.Turn.Send(workflow.Event{Name: p.To, Attributes: c.Event.Attributes, ScheduledOn: c.Now.Add(20 * time.Millisecond)})
	}
	return nil
}).Taking(rule.AnyEvent)

// own is a rule that knows nothing of batches.
var own = rule.New("products", "Own", "Makes a category.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
	ref, _ := c.Value("event.ref")
	if ref == nil {
		return &rule.BusinessError{Message: "no ref"}
	}
	name, _ := c.Value("event.attributes.name")
	return c.Turn.Create(ctx, &inventory.Category{Ref: ref.(string), Name: name.(string), CatalogueID: catalogue.ID(c.Event.EntityID)})
})

// TestOwnRulesetsSeeTheRecordsOfABatch one by one, as the event's attributes; one that they refuse fails alone.
func TestOwnRulesetsSeeTheRecordsOfABatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var records []string
	for n := range 120 {
		records = append(records, fmt.Sprintf(`{"ref":"C%d","name":"Category %d"}`, n, n))
	}
	records[7], records[110] = `{"name":"nameless"}`, `[]`
	b := h.send("ASSORTMENT", "CREATE", "Own", records...)
	require.Equal(t, []any{jobs.Complete, 120, 2}, []any{b.Status, b.Processed, b.Failed})
	require.Len(t, h.categories(), 118)
	failed, err := jobs.Failures(t.Context(), h.db.Reader(h.scope), b.ID, 0, 9)
	require.NoError(t, err)
	require.Equal(t, []int{7, 110}, []int{failed[0].Number, failed[1].Number})
	require.Equal(t, []string{"C0160E ruleset Own: no ref", "C0160E ruleset Own: no ref"}, told(failed))
	trails, err := trailstore.List(t.Context(), h.db.Reader(h.scope), trailstore.Query{RootType: "JOB", RootID: string(h.job.ID), To: time.Now().Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, trails, 1)
}

// TestABatchEndsHoweverItsEventDoes: what no ruleset answers, what a rule breaks or refuses ends with an error for each record, and nothing of it stays;
// what a ruleset answers and says nothing of is taken as it is.
func TestABatchEndsHoweverItsEventDoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct{ event, want string }{
		{"Unheard", `C0160E event Unheard: no ruleset Unheard for PRODUCT_CATALOGUE "DEFAULT" in status "ACTIVE"`},
		{"Breaks", "C0160E event Breaks: ruleset Breaks: rule ACME.products.Break: broken"},
		{"Refused", "C0160E event Refused: ruleset Refused: no"},
		{"Silent", " "},
	} {
		b := h.send("ASSORTMENT", "CREATE", c.event, `{"ref":"SHOES","name":"Shoes"}`, `{"ref":"HATS","name":"Hats"}`)
		failed := 2
		if c.want == " " {
			failed = 0
		}
		require.Equal(t, []any{jobs.Complete, 2, failed}, []any{b.Status, b.Processed, b.Failed}, c.event)
		rows, err := h.service.Results(t.Context(), h.scope, b)
		require.NoError(t, err)
		require.Equal(t, []string{c.want, c.want}, told(rows))
		require.Empty(t, h.categories())
	}
	trails, err := trailstore.List(t.Context(), h.db.Reader(h.scope), trailstore.Query{RootType: "JOB", RootID: string(h.job.ID), To: time.Now().Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, trails, 4, "the job's log has each of them")
}

// TestABatchThatIsHandedOnEndsWithTheEventThatItIsHandedTo.
func TestABatchThatIsHandedOnEndsWithTheEventThatItIsHandedTo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for event, failed := range map[string]int{"HandsOn": 0, "HandsOff": 1} {
		b := h.send("ASSORTMENT", "CREATE", event, `{"ref":"SHOES","name":"Shoes"}`)
		require.Eventually(t, func() bool {
			var err error
			b, err = jobs.GetBatch(t.Context(), h.db.Reader(h.scope), b.ID)
			require.NoError(t, err)
			return b.Status == jobs.Complete
		}, time.Minute, 10*time.Millisecond)
		require.Equal(t, failed, b.Failed, event)
	}
	require.Len(t, h.categories(), 1)
}

// TestOnlyItsOwnEventEndsABatch, and not one that anybody sends and that names it.
func TestOnlyItsOwnEventEndsABatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, err := jobs.NewBatchID(t.Context(), h.db, h.scope)
	require.NoError(t, err)
	require.NoError(t, h.db.Write(t.Context(), h.scope, func(tx *store.Tx) error {
		b := &jobs.Batch{ID: id, JobID: h.job.ID, RetailerID: 1, Header: json.RawMessage(`{}`), EventID: string(h.db.NewUUID())}
		return jobs.AddBatch(t.Context(), tx, b, []json.RawMessage{json.RawMessage(`{}`)})
	}))
	ev := &workflow.Event{Name: "Unheard", Type: workflow.Normal, RetailerID: 1, EntityType: "PRODUCT_CATALOGUE", EntityID: "1", RootType: "PRODUCT_CATALOGUE", RootID: "1",
		Attributes: map[string]any{"batchId": string(id)}, Priority: workflow.PriorityOf(workflow.Cause{By: workflow.Person})}
	_, err = h.engine.RunOnce(t.Context(), h.scope, ev, repeats.Request{})
	require.NoError(t, err)
	b, err := jobs.GetBatch(t.Context(), h.db.Reader(h.scope), id)
	require.NoError(t, err)
	require.Equal(t, jobs.Pending, b.Status)
}

// TestOutcomesAndNotesAreToldApart.
func TestOutcomesAndNotesAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"UNCHANGED", ""}, {"STALE", "a: b"}, {"", "UNCHANGEDLY"}, {"", ""}} {
		outcome, note := batching.Outcome(batching.Told(1, "", "", c[0], c[1]))
		require.Equal(t, c, [2]string{outcome, note})
	}
	require.Equal(t, jobs.Row{Number: 3, Code: fault.CodeMissing, Place: "qty", Message: "qty: is missing"}, batching.Failed(3, fault.CodeMissing, "qty", "is missing"))
}
