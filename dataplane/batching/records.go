package batching

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// The attributes by which an event names the batch that it stands for, and its job.
const (
	batchAttribute = "batchId"
	jobAttribute   = "jobId"
)

// Batch is the batch that an event stands for.
type Batch struct {
	ID       catalogue.ID
	Job      catalogue.ID
	Retailer tenancy.RetailerID
	Now      time.Time // of the turn that takes it in
}

// Of is the batch that the context's event stands for; false: it stands for none.
func Of(c *rule.Context) (Batch, bool) {
	b, ok := of(c.Event)
	b.Now = c.Now
	return b, ok
}

func of(ev *workflow.Event) (Batch, bool) {
	id, ok := ev.Attributes[batchAttribute]
	if !ok {
		return Batch{}, false
	}
	job, _ := ev.Attributes[jobAttribute].(string)
	return Batch{ID: catalogue.ID(fmt.Sprint(id)), Job: catalogue.ID(job), Retailer: tenancy.RetailerID(ev.RetailerID)}, true
}

// Records is the module by which rules take batches in: made once for a node, used by all turns.
type Records struct{ db *store.DB }

// NewRecords makes a node's module.
func NewRecords(db *store.DB) *Records { return &Records{db: db} }

// From finds the module that the engine was given.
func From(c *rule.Context) (*Records, error) { return rule.Module[*Records](c) }

// Read reads a batch's records, in order. An event names its batch by an attribute, which anyone may give who sends events: a batch of another
// retailer than the event's is not there for it.
func (r *Records) Read(ctx context.Context, scope tenancy.Scope, b Batch) ([]json.RawMessage, error) {
	rows, err := jobs.Take(ctx, r.db.Reader(scope), b.ID, b.Retailer, MaxRecords)
	if err != nil {
		return nil, fmt.Errorf("read the records of batch %s: %w", b.ID, err)
	}
	out := make([]json.RawMessage, len(rows))
	for i := range rows {
		out[i] = rows[i].Body
	}
	return out, nil
}

// Settle completes a batch of so many records when the turn commits. Results are of records of which there is something to tell: a Code for those that
// failed, the entity of others. A ruleset that loses its actions loses this, too.
func (r *Records) Settle(c *rule.Context, b Batch, records int, results []jobs.Row) {
	s := rule.EffectOf(c, "batches", func() *settled { return &settled{records: r} })
	s.batches = append(s.batches, settledBatch{b, records, results})
}

// settled is the effect of completing batches.
type settled struct {
	records *Records
	batches []settledBatch
}

type settledBatch struct {
	batch   Batch
	records int
	results []jobs.Row
}

var _ rule.Rewinder = (*settled)(nil)

// Apply completes the batches.
func (s *settled) Apply(_ context.Context, tx *store.Tx) error {
	for _, x := range s.batches {
		if err := s.records.Finish(tx, x.batch, x.records, x.results); err != nil {
			return err
		}
	}
	return nil
}

// Mark names how many were completed so far.
func (s *settled) Mark() any { return len(s.batches) }

// Rewind forgets those since.
func (s *settled) Rewind(mark any) { s.batches = s.batches[:mark.(int)] }

var (
	_ rule.Watcher = (*Records)(nil)
	_ rule.Batcher = (*Records)(nil)
)

// Stands reports whether an event names a batch.
func (r *Records) Stands(ev *workflow.Event) bool {
	_, ok := ev.Attributes[batchAttribute]
	return ok
}

// RecordsOf reads the records of the batch that an event stands for. One that is no object has no attributes.
func (r *Records) RecordsOf(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) ([]map[string]any, error) {
	b, _ := of(ev)
	raw, err := r.Read(ctx, scope, b)
	if err != nil {
		return nil, err
	}
	out := make([]map[string]any, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &out[i]); err != nil {
			out[i] = map[string]any{}
		}
	}
	return out, nil
}

// Settled completes the batch of which rulesets took each record by itself: those that were refused failed.
func (r *Records) Settled(c *rule.Context, records int, refused map[int]string) {
	b, _ := Of(c)
	var results []jobs.Row
	for i := range records {
		if why, is := refused[i]; is {
			results = append(results, Failed(i, fault.CodeInvalid, "", why))
		}
	}
	r.Settle(c, b, records, results)
}

// Ended completes the batch that an event stands for, where nothing else does. See ended.
func (r *Records) Ended(e rule.End) rule.Effect {
	b, ok := of(e.Event)
	if !ok {
		return nil
	}
	return &ended{records: r, batch: b, end: e}
}

// ended is the effect of completing a batch because its event has ended: no ruleset answered it, one failed or was refused, or those that answered
// it said nothing of the batch's records. Nothing is left then that could complete it, but for an event by which the turn handed it on.
type ended struct {
	records *Records
	batch   Batch
	end     rule.End
}

// Apply completes the batch, unless the same commit does, or another did.
func (e *ended) Apply(ctx context.Context, tx *store.Tx) error {
	b, ev := e.batch, e.end.Event
	if jobs.Finishes(tx, b.ID) {
		return nil
	}
	if next := e.next(); next != nil && e.end.Why == "" {
		jobs.Pass(tx, b.ID, ev.ID, next.ID)
		return nil
	}
	total, err := jobs.Open(ctx, tx, b.ID, b.Retailer, ev.ID)
	if err != nil || total == 0 {
		return err
	}
	b.Now = tx.Now()
	if e.end.Why == "" {
		return e.records.Finish(tx, b, total, nil)
	}
	jobs.Fail(tx, b.ID, total, fault.CodeInvalid, "event "+ev.Name+": "+e.end.Why)
	return e.records.log(tx, b)
}

// next is an event that stands for the same batch and that the turn sends; nil: it sends none.
func (e *ended) next() *workflow.Event {
	for _, sent := range e.end.Sent {
		if b, ok := of(sent); ok && b.ID == e.batch.ID {
			return sent
		}
	}
	return nil
}

// complete is the record that a finished batch leaves in the event log.
const complete = "BATCH_COMPLETE"

// Finish is Settle for effects of modules that know the results only when they commit. It leaves a trail of one record, whose root is the job, so
// that a job's batches are found together.
func (r *Records) Finish(tx *store.Tx, b Batch, records int, results []jobs.Row) error {
	jobs.Finish(tx, b.ID, records, results)
	return r.log(tx, b)
}

// log leaves the trail of a batch that is complete.
func (r *Records) log(tx *store.Tx, b Batch) error {
	turn := history.TurnOf(string(r.db.NewUUID()))
	done := &history.Event{ID: history.ItemID(turn, 1), Inline: true, Category: "BATCH", Name: complete, Type: workflow.Normal, EntityType: "BATCH",
		EntityID: string(b.ID), GeneratedBy: history.EngineUser, GeneratedOn: b.Now, State: "COMPLETE"}
	row, err := history.Encode(&history.Trail{TurnID: turn, RetailerID: b.Retailer, At: b.Now, RootType: "JOB", RootID: string(b.Job), Events: []*history.Event{done}})
	if err != nil {
		return err
	}
	row.GeneratedOn = time.Time{} // it is there from the commit on
	trailstore.Add(tx, row)
	return nil
}

// Failed is the result of a record that failed, with the field that is at fault, if one is.
func Failed(number int, code, field, message string) jobs.Row {
	return jobs.Row{Number: number, Code: code, Place: field, Message: strings.TrimPrefix(field+": "+message, ": ")}
}

// The outcomes of records that succeeded and changed nothing, as their messages begin.
var outcomes = []string{"UNCHANGED", "STALE", "SKIPPED"}

// Told is the result of a record that succeeded and of which there is more to tell: an outcome other than that it is loaded, or a note of how it
// was understood; either may be empty.
func Told(number int, id, ref, outcome, note string) jobs.Row {
	if outcome != "" && note != "" {
		note = ": " + note
	}
	return jobs.Row{Number: number, EntityID: id, EntityRef: ref, Message: outcome + note}
}

// Outcome tells the outcome and the note of a record that succeeded apart.
func Outcome(r jobs.Row) (outcome, note string) {
	for _, o := range outcomes {
		if rest, is := strings.CutPrefix(r.Message, o); is && (rest == "" || strings.HasPrefix(rest, ": ")) {
			return o, strings.TrimPrefix(rest, ": ")
		}
	}
	return "", r.Message
}
