package engine

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/dataplane/ratelog"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
)

// knownLate is how much later than it was changed a node may still go by what decisions rested on before, such as places that it keeps for a moment.
const knownLate = 5 * time.Second

// mendLoop looks again and again for roots whose first turn failed and whose cause may have been mended.
func (e *Engine) mendLoop(ctx context.Context) {
	var failure ratelog.Failure
	every(ctx, e.cfg.Mend, func(ctx context.Context) {
		err := e.mend(ctx)
		if ctx.Err() == nil {
			failure.Report(e.d.Logger, "look for blocked roots that may go on", err)
		}
	})
}

// mend makes first turns due that were tried under another configuration than this node knows, or before a setting, a location, a network or a virtual
// catalogue changed. Each node does so for its ranges, whose turns it runs: what it knows is what they will go by. Where nothing is blocked it is one look
// into an empty index.
func (e *Engine) mend(ctx context.Context) error {
	ranges := e.leases.Ranges()
	if len(ranges) == 0 {
		return nil
	}
	causes, err := eventstore.BlockedRetailers(ctx, e.d.DB, ranges)
	if err != nil || len(causes) == 0 {
		return err
	}
	if e.d.Under != nil {
		for i, c := range causes {
			causes[i].Under = e.d.Under(c.Account, c.Retailer)
		}
	}
	n, err := eventstore.Hurry(ctx, e.d.DB, ranges, knownLate, causes...)
	e.stats.Mended.Add(int64(n))
	return err
}
