package inventory

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// BatchID is the event attribute that names the batch whose rows an event stands for.
const BatchID = "batchId"

// maxRows is how many records a batch may have.
const maxRows = 5000

// Rows reads the rows that the context's event stands for: those of a batch, or the one that its attributes describe.
func (m *Module) Rows(ctx context.Context, c *rule.Context) (batchID string, rows []load.Row, err error) {
	v, ok := c.Event.Attributes[BatchID]
	if !ok {
		row, err := load.ParseAttributes(c.Event.Attributes)
		return "", []load.Row{row}, err
	}
	batchID = fmt.Sprint(v)
	records, err := m.db.Reader(c.Scope).BatchRows(ctx, catalogue.ID(batchID), 0, maxRows)
	if err != nil {
		return "", nil, fmt.Errorf("read the records of batch %s: %w", batchID, err)
	}
	rows = make([]load.Row, len(records))
	for i, r := range records {
		rows[i] = load.Parse(r.Body)
	}
	return batchID, rows, nil
}

// batchComplete is the record that a finished batch leaves in the event log.
const batchComplete = "BATCH_COMPLETE"

// settle reports the outcomes of a batch's rows. Only what a person wants to see is written to a row: failures, and rows that
// changed nothing with the reason.
func (l *Load) settle(t *store.Tx, b batch, outcomes []load.Outcome) error {
	var results []store.BatchRow
	for _, o := range outcomes {
		switch o.Outcome {
		case load.OutcomeFailed:
			results = append(results, store.BatchRow{Number: o.Row, EntityRef: o.EntityRef, Code: o.Code, Message: strings.TrimPrefix(o.Field+": "+o.Message, ": ")})
		case load.OutcomeStale, load.OutcomeUnchanged:
			results = append(results, store.BatchRow{Number: o.Row, EntityID: o.EntityID, EntityRef: o.EntityRef, Message: o.Outcome})
		}
	}
	t.FinishBatch(catalogue.ID(b.id), len(b.rows), results)
	row, err := history.Encode(l.completion(b))
	if err != nil {
		return err
	}
	t.AddTrail(row)
	return nil
}

// completion is the trail of one record: the batch is done. Its root is the job, so that a job's batches are found together.
func (l *Load) completion(b batch) *history.Trail {
	turn := history.TurnOf(string(l.module.id()))
	done := &history.Event{ID: history.ItemID(turn, 1), Inline: true, Category: "BATCH", Name: batchComplete, Type: workflow.Normal, EntityType: "BATCH",
		EntityID: b.id, GeneratedBy: history.EngineUser, GeneratedOn: b.now, State: "COMPLETE"}
	return &history.Trail{TurnID: turn, RetailerID: tenancy.RetailerID(l.retailer), At: b.now, RootType: "JOB", RootID: b.job, Events: []*history.Event{done}}
}
