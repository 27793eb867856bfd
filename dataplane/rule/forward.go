package rule

import (
	"maps"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// Forward sends an event of another name to the same entity, with the attributes of the event being answered. No name: nothing.
func Forward(c *Context, name EventName) { ForwardWith(c, name, nil) }

// ForwardWith is Forward with more attributes, which win over those of the event.
func ForwardWith(c *Context, name EventName, more map[string]any) {
	if name == "" {
		return
	}
	c.Turn.Send(workflow.Event{Name: string(name), EntityType: c.Event.EntityType, EntityID: c.Event.EntityID, EntityRef: c.Event.EntityRef,
		EntitySubtype: c.Event.EntitySubtype, Attributes: Attributes(c, more)})
}

// SendTo sends an event with the current attributes to another entity (a pointer to its struct). No name: nothing.
func SendTo(c *Context, entity any, name EventName, more map[string]any) {
	if name == "" {
		return
	}
	ev := Address(c.Types, entity)
	ev.Name, ev.Attributes = string(name), Attributes(c, more)
	c.Turn.Send(ev)
}

// Address is an event without a name that speaks of an entity.
func Address(types *catalogue.Catalogue, entity any) workflow.Event {
	t := types.TypeOf(entity)
	if t == nil {
		return workflow.Event{}
	}
	text := func(name string) string {
		f := t.Field(name)
		if f == nil {
			return ""
		}
		switch v := f.Get(entity).(type) {
		case string:
			return v
		case catalogue.ID:
			return string(v)
		}
		return ""
	}
	return workflow.Event{EntityType: t.EntityType, EntityID: text("id"), EntityRef: text("ref"), EntitySubtype: text("type")}
}

// Attributes copies the current event's attributes with more on top.
func Attributes(c *Context, more map[string]any) map[string]any {
	if len(c.Event.Attributes)+len(more) == 0 {
		return nil
	}
	out := maps.Clone(c.Event.Attributes)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, more)
	return out
}
