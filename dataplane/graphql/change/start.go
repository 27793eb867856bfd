package change

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/domain/workflow"
)

// Creation is a new root entity with the parts that are created with it, complete but for being written. The structs stay as they are, so
// that they can be answered with: what the first event makes of them is its consequence, like that of any later event.
type Creation struct {
	Event *workflow.Event
	Root  any
	Parts []any
	Known []any // entities that they point at and that were read for this mutation
}

// start has the engine write a new root together with its first turn. It reports false where it cannot, with nothing written.
func (s *session) start(ctx context.Context, d *draft) (bool, error) {
	if s.Engine == nil || !d.typ.Fires || d.typ.Root != nil {
		return false, nil
	}
	c := Creation{Root: d.entity}
	plain := true
	now := s.now(ctx)
	d.each(func(x *draft) {
		plain = plain && x.plain(x == d)
		if x != d {
			c.Parts = append(c.Parts, x.entity)
		}
		for _, w := range x.refs {
			if w.want != nil && w.want.Entity != nil {
				c.Known = append(c.Known, w.want.Entity)
			}
		}
	})
	if !plain {
		return false, nil
	}
	d.each(func(x *draft) { x.date(now) })
	s.events = nil
	if err := s.created(ctx, d); err != nil {
		return false, err
	}
	c.Event = s.events[0]
	return s.Engine.Create(ctx, s.who.Account, c)
}

// plain drafts are new rows and nothing else: no links, no changes of other rows, and no events but the root's.
func (d *draft) plain(root bool) bool {
	if !d.fresh || len(d.links) > 0 || d.typ.Fires != root {
		return false
	}
	for _, k := range d.kids {
		if k.input.Edge != nil && k.input.Edge.Link != nil {
			return false
		}
	}
	return true
}

// date says when a new entity was made.
func (d *draft) date(now time.Time) {
	for _, name := range []string{"createdOn", "updatedOn"} {
		if f := d.typ.Field(name); f != nil {
			if at, ok := f.Pointer(d.entity).(*time.Time); ok && at.IsZero() {
				*at = now
			}
		}
	}
}
