package ordering

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/words"
)

// choiceRef is the member by which lines and fulfilments name one of their order's choices.
const choiceRef = "fulfilmentChoiceRef"

// namesItsChoices refuses a new order two of whose choices have one ref, or a line of which is for a choice that the order has not: the line would be
// sent nobody could say how.
func namesItsChoices(r entity.Request) error {
	var known []string
	given, _ := r.Values["fulfilmentChoices"].([]any)
	for i, x := range slices.Concat(given, []any{r.Values["fulfilmentChoice"]}) {
		choice, _ := x.(map[string]any)
		ref, _ := choice["ref"].(string)
		if ref == "" {
			continue
		}
		if malformed(ref) {
			return nil
		}
		if slices.Contains(known, ref) {
			place := fmt.Sprintf("%s.fulfilmentChoices[%d].ref", r.Place, i)
			if i == len(given) {
				place = r.Place + ".fulfilmentChoice.ref"
			}
			return taken(ref).At(place)
		}
		known = append(known, ref)
	}
	lines, _ := r.Values["items"].([]any)
	for i, x := range lines {
		line, _ := x.(map[string]any)
		if ref, _ := line[choiceRef].(string); ref != "" && !malformed(ref) && !slices.Contains(known, ref) {
			return strange(ref, known).At(fmt.Sprintf("%s.items[%d].%s", r.Place, i, choiceRef))
		}
	}
	return nil
}

// malformed refs are the door's to refuse.
func malformed(ref string) bool {
	return entity.CheckLength(ref, 0) != nil || form.Ref.Text(ref) != nil
}

func taken(ref string) *fault.Error {
	return fault.New(fault.Exists, "two choices of the order would have the ref %.80s, by which lines name one", ref).WithCode(fault.CodeExists)
}

func strange(ref string, known []string) *fault.Error {
	return fault.NotFoundf("FulfilmentChoice not found in the order: ref %.80s%s", ref, words.Hint(ref, known))
}

// choosesWell refuses a line, or a fulfilment, that is made later and is for a choice that the order has not.
func (g *guard) choosesWell(ctx context.Context, r entity.Request) error {
	ref, _ := r.Values[choiceRef].(string)
	if !r.New || r.Parent != nil || ref == "" || malformed(ref) {
		return nil
	}
	var of catalogue.ID
	switch x := r.Entity.(type) {
	case *order.OrderItem:
		of = x.OrderID
	case *order.Fulfilment:
		of = x.OrderID
	}
	known, err := g.choices(ctx, r, of)
	if err != nil || slices.Contains(known, ref) {
		return err
	}
	return strange(ref, known).At(r.Place + "." + choiceRef)
}

// keepToChoices refuses lines of an order that change to be for a choice that the order has not.
func (g *guard) keepToChoices(ctx context.Context, r entity.Request) error {
	lines, _ := r.Values["items"].([]any)
	named := slices.IndexFunc(lines, func(x any) bool { line, _ := x.(map[string]any); return line[choiceRef] != nil })
	if named < 0 {
		return nil
	}
	known, err := g.choices(ctx, r, r.Entity.(*order.Order).ID)
	if err != nil {
		return err
	}
	for i, x := range lines[named:] {
		line, _ := x.(map[string]any)
		if ref, _ := line[choiceRef].(string); ref != "" && !malformed(ref) && !slices.Contains(known, ref) {
			return strange(ref, known).At(fmt.Sprintf("%s.items[%d].%s", r.Place, named+i, choiceRef))
		}
	}
	return nil
}

// alone refuses a choice that is added later under the ref of another one of its order.
func (g *guard) alone(ctx context.Context, r entity.Request) error {
	x := r.Entity.(*order.FulfilmentChoice)
	if !r.New || r.Parent != nil || x.Ref == "" {
		return nil
	}
	known, err := g.choices(ctx, r, x.OrderID)
	if err != nil || !slices.Contains(known, x.Ref) {
		return err
	}
	return taken(x.Ref).At(r.Place + ".ref")
}

// choices lists the refs of an order's choices.
func (g *guard) choices(ctx context.Context, r entity.Request, of catalogue.ID) ([]string, error) {
	rows, err := r.Reader.List(ctx, g.choice, g.choice.Field("order"), of)
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, row := range rows {
		if c := row.(*order.FulfilmentChoice); c.Ref != "" {
			refs = append(refs, c.Ref)
		}
	}
	return refs, nil
}
