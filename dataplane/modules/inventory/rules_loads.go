package inventory

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/path"
)

func loads() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "ValidateInventoryRow", "Refuses an event whose attributes are no inventory record. Records of a batch are judged one by one, in its results.",
			validateRow).On(typeCatalogue).Taking(rule.AnyEvent),
		rule.New(plugin, "UpsertInventoryQuantity",
			"Merges the batch's records, or the one in the event's attributes: creates positions, sets counts, lets older sales and corrections fall away, "+
				"drops stale counts, and lets virtual positions follow.",
			onCatalogue(upsert)).On(typeCatalogue, typePosition).Also("LoadInventoryPositionData").Taking(rule.AllRecords).Reads(Conditions),
		rule.New(plugin, "SendEventOnFulfilmentInventoryUpdate", "Reserves, releases or confirms what the event lists for a fulfilment.",
			onCatalogue(fulfilmentUpdate)).On(typeCatalogue),
	}
}

func validateRow(_ context.Context, c *rule.Context, _ rule.None) error {
	if _, batch := batching.Of(c); batch {
		return nil
	}
	row, err := load.ParseAttributes(c.Event.Attributes)
	if err != nil {
		return err
	}
	if row.Problem != "" {
		return &rule.BusinessError{Message: strings.TrimSpace(row.ProblemField + " " + row.Problem)}
	}
	return nil
}

func upsert(ctx context.Context, c *rule.Context, m *Module, ic *inventory.InventoryCatalogue, _ rule.None) error {
	batch, rows, err := m.rows(ctx, c)
	if err != nil {
		return err
	}
	known, err := m.vocabulary(ctx, c, ic)
	if err != nil {
		return err
	}
	known.check(rows)
	if r := &rows[0]; batch.ID == "" && r.Problem != "" {
		return &rule.BusinessError{Message: strings.TrimSpace(r.ProblemField + " " + r.Problem)}
	}
	m.Load(c, ic).Add(c, batch, rows)
	return nil
}

// rows are those that the event stands for: of a position, one about it.
func (m *Module) rows(ctx context.Context, c *rule.Context) (batching.Batch, []load.Row, error) {
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return m.Rows(ctx, c)
	}
	row, err := load.ParseAttributes(rule.Attributes(c, map[string]any{"skuRef": p.ProductRef, "locationRef": p.LocationRef}))
	return batching.Batch{}, []load.Row{row}, err
}

type replying struct {
	ReplyEvent rule.EventName `prop:"replyEvent" doc:"Event with what was granted."`
}

// fulfilmentUpdate does to stock what a fulfilment's workflow would, for callers outside: attributes operation, fulfilmentId, and
// items with productRef, locationRef, quantity and, when picked, filledQuantity.
func fulfilmentUpdate(ctx context.Context, c *rule.Context, m *Module, ic *inventory.InventoryCatalogue, p replying) error {
	s, err := m.Stock(ctx, c, ic.Ref)
	if err != nil {
		return err
	}
	fulfilment := path.Text(c.Event.Attributes["fulfilmentId"])
	if fulfilment == "" {
		return fmt.Errorf("the event has no attribute fulfilmentId")
	}
	lines, found, err := eventLines(c.Event.Attributes)
	if err != nil {
		return err
	}
	switch stock.Operation(path.Text(c.Event.Attributes["operation"])) {
	case stock.Reserve:
		granted, err := s.Reserve(ctx, fulfilment, lines, false)
		if err == nil {
			rule.ForwardWith(c, p.ReplyEvent, map[string]any{"granted": granted})
		}
		return err
	case stock.Unreserve:
		s.Release(fulfilment, lines)
	case stock.ResetReserve:
		s.Confirm(fulfilment, found)
	default:
		return fmt.Errorf("attribute operation: want RESERVE, UNRESERVE or RESET_RESERVE")
	}
	return nil
}

// eventLines are the event's items, and those of them that say what was found, with that quantity.
func eventLines(attributes map[string]any) (lines, found []Line, err error) {
	list, ok := attributes["items"].([]any)
	if !ok {
		return nil, nil, fmt.Errorf("the event has no attribute items")
	}
	for n, x := range list {
		m, _ := x.(map[string]any)
		l := Line{ProductRef: path.Text(m["productRef"]), LocationRef: path.Text(m["locationRef"])}
		quantity, ok1 := units(m["quantity"])
		filled, ok2 := units(m["filledQuantity"])
		if l.ProductRef == "" || l.LocationRef == "" || !ok1 || !ok2 {
			return nil, nil, fmt.Errorf("items[%d]: want productRef, locationRef and whole quantities not below zero", n)
		}
		if l.Quantity = filled; m["filledQuantity"] != nil {
			found = append(found, l)
		}
		l.Quantity = quantity
		lines = append(lines, l)
	}
	return lines, found, nil
}

// units is a whole number not below zero; nothing is zero.
func units(v any) (int, bool) {
	if v == nil {
		return 0, true
	}
	n, ok := path.Number(v)
	return int(n), ok && n >= 0 && n == math.Trunc(n) && n <= math.MaxInt32
}
