package change

import (
	"context"

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
	if s.Engine == nil || len(s.events) == 0 || !d.Type.Fires || d.Type.Root != nil || len(s.parts) > 0 {
		return false, nil
	}
	c := Creation{Root: d.Entity}
	plain := true
	d.each(func(x *draft) {
		plain = plain && x.plain(x == d)
		if x != d {
			c.Parts = append(c.Parts, x.Entity)
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
	c.Event = s.events[0]
	return s.Engine.Create(ctx, s.who.Account, c)
}

// plain drafts are new rows and nothing else: no links, no changes of other rows, and no events but the root's.
func (d *draft) plain(root bool) bool {
	if !d.New || len(d.links) > 0 || d.Fires() != root {
		return false
	}
	for _, k := range d.kids {
		if k.input.Edge != nil && k.input.Edge.Link != nil {
			return false
		}
	}
	return true
}
