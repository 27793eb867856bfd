package workflows_test

import (
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// submit commits events as mutations do those of what they make.
func (w *world) submit(e *engine.Engine, events ...*workflow.Event) error {
	e.Prepare(events...)
	err := w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error { eventstore.Append(tx, events...); return nil })
	if err == nil {
		e.Nudge(w.ctx, w.scope, events...)
	}
	return err
}

// place creates an HD order and runs it to rest.
func (w *world) place(lines ...string) catalogue.ID {
	w.t.Helper()
	return w.placeAs("HD", "", lines...)
}

func (w *world) placeAs(kind, pickup string, lines ...string) catalogue.ID {
	w.t.Helper()
	o, ev := w.newOrder(kind, pickup, lines...)
	res, err := w.engines[0].RunOnce(w.ctx, w.scope, ev, repeats.Request{})
	require.NoError(w.t, err)
	w.must(res)
	return o.ID
}
