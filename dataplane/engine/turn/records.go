package turn

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// maxTraced is of how many records the trail of an event tells: of further ones only that they were refused, by their results.
const maxTraced = 100

// answer runs the rulesets that answer an event. One that stands for many records is run for each of them, with the record as the event's attributes,
// by rulesets whose rules know nothing of that.
func (u *unit) answer(ctx context.Context, c *rule.Context, found []*workflow.Ruleset) error {
	b := u.r.d.Modules.Batcher()
	if b == nil || !b.Stands(c.Event) { // nearly all events
		return u.inTurn(ctx, c, found)
	}
	var each, whole []*workflow.Ruleset
	for _, rs := range found {
		if u.takesWhole(rs) {
			whole = append(whole, rs)
		} else {
			each = append(each, rs)
		}
	}
	if err := u.inTurn(ctx, c, whole); err != nil || len(each) == 0 {
		return err
	}
	records, err := b.RecordsOf(ctx, u.in.Scope, c.Event)
	if err != nil {
		return err
	}
	refused, err := u.forEach(ctx, c, each, records)
	if err == nil && len(whole) == 0 {
		b.Settled(c, len(records), refused)
	}
	return err
}

// inTurn runs rulesets one after the other.
func (u *unit) inTurn(ctx context.Context, c *rule.Context, list []*workflow.Ruleset) error {
	for _, rs := range list {
		if err := u.ruleset(ctx, c, rs); err != nil {
			return err
		}
	}
	return nil
}

// takesWhole reports whether a ruleset takes an event for what it is: one of its rules takes all records at once, or all of them only pass it on.
func (u *unit) takesWhole(rs *workflow.Ruleset) bool {
	passes := true
	for i := range rs.Rules {
		r := u.r.d.Library.Find(rs.Rules[i].Name)
		switch {
		case r == nil:
		case r.Takes == rule.AllRecords:
			return true
		case r.Takes == rule.EachRecord:
			passes = false
		}
	}
	return passes
}

// forEach runs rulesets for each record. What is refused of one costs the others nothing.
func (u *unit) forEach(ctx context.Context, c *rule.Context, each []*workflow.Ruleset, records []map[string]any) (refused map[int]string, err error) {
	whole, ran, traced := c.Event, u.ran, u.rec
	refused = map[int]string{}
	defer func() { c.Event, u.ev, u.rec, u.apart = whole, whole, traced, nil }()
	for i, attributes := range records {
		of := *whole
		of.Attributes = attributes
		c.Event, u.ev = &of, &of
		if i == maxTraced {
			u.rec = &history.Event{ID: traced.ID, Name: traced.Name, EntityType: traced.EntityType, EntityID: traced.EntityID}
		}
		if i >= maxTraced {
			u.rec.Rulesets = nil
		}
		u.apart = func(why string) { refused[i] = why }
		u.ran = ran // together they are one run
		for _, rs := range each {
			if err := u.ruleset(ctx, c, rs); err != nil {
				return nil, fmt.Errorf("record %d: %w", i, err)
			}
		}
	}
	return refused, nil
}
