package engine

import (
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// apply queues what an outcome writes, but for its effects.
func apply(tx *store.Tx, j *job) error {
	o := j.out
	expected := map[*catalogue.Type][]store.Version{}
	for _, c := range o.Changed {
		expected[c.Type] = append(expected[c.Type], c.Was)
	}
	if r := o.Rests; r != nil {
		expected[r.Type] = append(expected[r.Type], r.Was)
	}
	for t, versions := range expected {
		tx.Expect(t, versions...)
	}
	tx.Insert(o.Created...)
	for _, c := range o.Changed {
		tx.Update(c.Entity, c.Fields...)
	}
	for _, l := range o.Linked {
		tx.Link(l.Edge, l.Owner, l.Target)
	}
	if err := marks(tx, j); err != nil {
		return err
	}
	eventstore.Append(tx, o.Events...)
	for _, w := range o.Webhooks {
		outbox.Add(tx, outbox.Delivery{ID: w.ID, Name: w.Name, Endpoint: w.Endpoint, Event: w.Event})
	}
	o.Trail.Tries = j.try
	row, err := history.Encode(o.Trail)
	if err != nil {
		return fmt.Errorf("keep the trail: %w", err)
	}
	row.GeneratedOn = time.Time{} // it is there from the commit on
	trailstore.Add(tx, row)
	return nil
}

// marks settles waiting events, and records the event of a synchronous request as one that ran.
func marks(tx *store.Tx, j *job) error {
	waiting := make([]eventstore.Mark, 0, len(j.out.Marks))
	for _, m := range j.out.Marks {
		if j.sync != nil && m.ID == j.sync.ID {
			repeats.Take(tx, j.request, m.ID)
			eventstore.Record(tx, eventstore.Row{Account: j.scope.Account(), Event: *j.sync, State: m.State, TurnID: j.out.TurnID, Error: m.Error})
			continue
		}
		waiting = append(waiting, m)
	}
	eventstore.Finish(tx, j.out.TurnID, waiting...)
	return nil
}
