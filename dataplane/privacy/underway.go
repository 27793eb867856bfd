package privacy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/returns"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Workflows reads the workflow that a root follows; nil: its retailer has none.
type Workflows interface {
	Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, f workflow.Following) (flow *workflow.Workflow, under string, err error)
}

// ended is the category of statuses from which a workflow takes nothing any further.
const ended = "DONE"

// named is how many of the orders that an erasure waits for are told.
const named = 20

// waiting is how an erasure that has not begun tells what it waits for.
const waiting = "WAITING"

// errUnderWay says that an erasure has not begun because orders of the customer are under way.
var errUnderWay = errors.New("orders of the customer are under way")

// UnderWay is an order or a return that has not ended.
type UnderWay struct {
	Type   string `json:"type"` // as events say it: ORDER
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	Status string `json:"status"`
}

// waitsFor lists what keeps an erasure from beginning: without their address orders that are under way could not be delivered, nor returns picked up. One
// that has begun, or that is not to wait, waits for nothing.
func (s *Service) waitsFor(ctx context.Context, scope tenancy.Scope, op *personal.Operation) ([]UnderWay, error) {
	if op.Kind != personal.Erasure || op.State != personal.Open || op.Step != "" || op.Sealed != "" {
		return nil, nil
	}
	var p progress
	if err := json.Unmarshal(op.Progress, &p); err != nil {
		return nil, fmt.Errorf("read how far erasure %s is: %w", op.ID, err)
	}
	if p.Now {
		return nil, nil
	}
	var out []UnderWay
	for _, t := range []*catalogue.Type{store.TypeOf[order.Order](s.DB), store.TypeOf[returns.ReturnOrder](s.DB)} {
		i := slices.IndexFunc(t.Fields, func(f *catalogue.Field) bool { return f.Ref == s.person })
		rows, err := s.DB.Reader(scope).Entities(ctx, store.Query{Type: t, Where: []store.Condition{{Field: t.Fields[i], Values: []any{op.CustomerID}}}})
		if err != nil {
			return nil, fmt.Errorf("look for what is under way of customer %s: %w", op.CustomerID, err)
		}
		for _, row := range rows {
			if goes, err := s.underWay(ctx, scope, t, row); err != nil {
				return nil, err
			} else if goes {
				out = append(out, UnderWay{t.EntityType, string(t.ID(row)), text(t, row, "ref"), text(t, row, "status")})
			}
		}
	}
	return out[:min(named, len(out))], nil
}

// underWay reports whether a workflow is to take an entity further: there is one, and it does not say of the entity's status that it is an end.
func (s *Service) underWay(ctx context.Context, scope tenancy.Scope, t *catalogue.Type, row any) (bool, error) {
	retailer, err := parseRetailer(idOf(t, row, "retailer"))
	if err != nil {
		return false, fmt.Errorf("read the retailer of %s %s: %w", t.EntityType, t.ID(row), err)
	}
	version, _ := t.Field("workflowVersion").Get(row).(int)
	flow, _, err := s.Workflows.Get(ctx, scope.Account(), retailer, workflow.Following{
		Name:    cmp.Or(text(t, row, "workflowRef"), workflow.WorkflowName(t.EntityType, text(t, row, "type"))),
		Version: version, Root: workflow.Root{Type: t.EntityType, ID: string(t.ID(row))},
	})
	if err != nil || flow == nil {
		return false, err
	}
	status := text(t, row, "status")
	return !slices.ContainsFunc(flow.Statuses, func(x workflow.Status) bool {
		return x.EntityType == t.EntityType && x.Name == status && x.Category == ended
	}), nil
}

func text(t *catalogue.Type, row any, field string) string {
	v, _ := t.Field(field).Get(row).(string)
	return v
}

func idOf(t *catalogue.Type, row any, field string) catalogue.ID {
	v, _ := t.Field(field).Get(row).(catalogue.ID)
	return v
}
