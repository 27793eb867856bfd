package node

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/rest"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// events lets the REST API speak to the engine in the API's own words.
type events struct{ engine *engine.Engine }

// Send implements rest.Engine.
func (e events) Send(ctx context.Context, scope tenancy.Scope, event workflow.Event, request repeats.Request) (rest.Outcome, error) {
	return e.once(ctx, scope, event, request, e.engine.SendOnce)
}

// RunSync implements rest.Engine. In an answer an event that ran is COMPLETE; in the log it is SUCCESS.
func (e events) RunSync(ctx context.Context, scope tenancy.Scope, event workflow.Event, request repeats.Request) (rest.Outcome, error) {
	return e.once(ctx, scope, event, request, e.engine.RunOnce)
}

func (e events) once(ctx context.Context, scope tenancy.Scope, event workflow.Event, request repeats.Request,
	do func(context.Context, tenancy.Scope, *workflow.Event, repeats.Request) (*engine.Result, error)) (rest.Outcome, error) {
	if err := e.engine.Resolve(ctx, scope, &event); err != nil {
		return rest.Outcome{}, err
	}
	whole, err := tenancy.NewScope(scope.Account()) // the rules work for the retailer, as they do when the event waits for its turn
	if err != nil {
		return rest.Outcome{}, fmt.Errorf("send event %s: %w", event.Name, err)
	}
	result, err := do(ctx, whole, &event, request)
	if err != nil {
		return rest.Outcome{}, fmt.Errorf("send event %s: %w", event.Name, err)
	}
	status := string(result.State)
	if result.State == eventstore.Success {
		status = "COMPLETE"
	}
	return rest.Outcome{EventID: result.EventID, EntityID: result.EntityID, Status: status, Repeated: result.Repeated}, nil
}

// nudger tells the engine what mutations create and of events that they committed.
type nudger struct{ engine *engine.Engine }

// Nudge implements graphql's view of the engine.
func (n nudger) Nudge(account tenancy.AccountID, list ...*workflow.Event) {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return // an event without an account was never committed
	}
	n.engine.Nudge(context.Background(), scope, list...)
}

// Await implements graphql's view of the engine.
func (n nudger) Await(ctx context.Context, account tenancy.AccountID, event *workflow.Event) error {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return fmt.Errorf("wait for event %s: %w", event.ID, err)
	}
	return n.engine.Await(ctx, scope, event)
}

// Create implements graphql's view of the engine.
func (n nudger) Create(ctx context.Context, account tenancy.AccountID, c change.Creation) (bool, error) {
	return n.engine.Create(ctx, account, engine.Creation(c))
}
