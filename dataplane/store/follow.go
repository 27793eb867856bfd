package store

import (
	"slices"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// This file makes the cursors of queries with Follow: see horizon.go for what they rest on.

// watermark reports whether a query asks for what changed since a time.
func (q *Query) watermark(updated *catalogue.Field) bool {
	return q.Follow && slices.ContainsFunc(q.Where, func(c Condition) bool { return c.Field == updated && c.Op == Range && c.Values[0] != nil })
}

// bounds are the cursors of a query's page.
type bounds struct {
	after, before *cursor // nil: none
	seal          uint64
	asOf          int64 // of the two, the earlier; 0: neither has one
}

func (q *Query) bounds(account string, kind sqlKind) (b bounds, err error) {
	b.seal = seal(account, q)
	for _, x := range []struct {
		text, field string
		to          **cursor
	}{{q.Page.After, "after", &b.after}, {q.Page.Before, "before", &b.before}} {
		if x.text == "" {
			continue
		}
		c, err := parseCursor(x.text, x.field, kind, b.seal)
		if err != nil {
			return b, err
		}
		if *x.to = c; c.asOf != 0 && (b.asOf == 0 || c.asOf < b.asOf) {
			b.asOf = c.asOf
		}
	}
	return b, nil
}

// always is an asOf that excludes nothing.
var always = time.UnixMicro(lastMicros - 1).UTC()

// asOfArg is up to when changes are looked at.
func (b *bounds) asOfArg() time.Time {
	if b.asOf == 0 {
		return always
	}
	return time.UnixMicro(b.asOf).UTC()
}

// seen are the rows that the reader has seen beyond where the page begins.
func (b *bounds) seen() []seenRow {
	if b.after == nil {
		return nil
	}
	return b.after.seen
}

// has reports whether the reader has seen a row.
func (b *bounds) has(p position) bool {
	seen := b.seen()
	if len(seen) == 0 {
		return false
	}
	_, found := slices.BinarySearchFunc(seen, seenRow{p.micros, p.mark()}, seenRow.compare)
	return found
}

// print makes the cursors of a page whose rows are in order. A page going forward ends before the first row whose cursor would have too much in it:
// the rest comes when the horizon has passed what was seen.
func (s *selection) print(g *grouping) {
	g.Cursors = make([]string, 0, len(g.at))
	shown := slices.Clone(s.bounds.seen())
	beyond := s.base(g)
	var room [64]byte
	for i, at := range g.at {
		c := cursor{at: at, base: at}
		if s.watermark {
			if c.asOf = g.horizon; s.bounds.asOf != 0 {
				c.asOf = min(c.asOf, s.bounds.asOf)
			}
		}
		if at.micros >= g.horizon {
			c.base, shown = beyond, remember(shown, at)
		} else if beyond.compare(at) < 0 {
			beyond = at
		}
		c.seen = since(shown, c.base.micros)
		text, ok := c.text(room[:], s.bounds.seal)
		if !ok && !s.shape.layout.backward {
			g.Rows, g.HasNext = g.Rows[:i], i > 0
			return
		}
		if !ok { // who begins at the end of a list and goes on from there does so from this row
			c.base, c.seen = at, nil
			text, _ = c.text(room[:], s.bounds.seal)
		}
		g.Cursors = append(g.Cursors, text)
	}
}

// base is where the next page begins behind a row that is younger than the horizon, if no older one comes before it on the page: where this page
// began, and not where the horizon is now. So who asks the same twice gets the same cursors, by which clients notice that they make no headway. Who
// reads backwards sees nothing that appears before where he began.
func (s *selection) base(g *grouping) (base position) {
	if len(g.at) == 0 {
		return base
	}
	base = before(0, g.at[0].kind)
	if s.shape.layout.backward && g.at[0].micros >= g.horizon {
		base = g.at[0]
	}
	if after := s.bounds.after; after != nil && after.base.compare(base) > 0 {
		base = after.base
	}
	return base
}

// remember adds a row to those that were shown, in their order.
func remember(shown []seenRow, at position) []seenRow {
	r := seenRow{at.micros, at.mark()}
	i, found := slices.BinarySearchFunc(shown, r, seenRow.compare)
	if found {
		return shown
	}
	return slices.Insert(shown, i, r)
}

// since are the rows of a time and of later ones.
func since(shown []seenRow, micros int64) []seenRow {
	i, _ := slices.BinarySearchFunc(shown, seenRow{micros: micros}, seenRow.compare)
	return shown[i:]
}
