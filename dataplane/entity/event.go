package entity

import (
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// CreateEvent is the name of the event that creation sends.
const CreateEvent = "CREATE"

// Created lists the events that follow from what is new, in the order of the drafts, each with an id of its own. All is decided.
func (m *Making) Created(newID func() catalogue.ID) []*workflow.Event {
	var out []*workflow.Event
	for _, x := range m.Drafts {
		if x.Fires() {
			out = append(out, m.created(x, newID()))
		}
	}
	return out
}

// Fires reports whether a draft's creation sends CREATE.
func (x *Draft) Fires() bool { return x.New && x.Type.Fires && (x.Parent == nil || !x.Type.Quiet) }

func (m *Making) created(x *Draft, id catalogue.ID) *workflow.Event {
	d := decision{Making: m}
	retailer, _ := d.inName(x.root)
	rt := m.Catalogue.TypeOf(x.root)
	return &workflow.Event{
		ID: string(id), Name: CreateEvent, Type: workflow.Normal, RetailerID: int32(retailer),
		EntityType: x.Type.EntityType, EntityID: x.Type.Text(x.Entity, "id"), EntityRef: x.Type.Text(x.Entity, "ref"),
		EntitySubtype: x.Type.Text(x.Entity, "type"), EntityStatus: x.Type.Text(x.Entity, "status"),
		RootType: rt.EntityType, RootID: rt.Text(x.root, "id"), RootRef: rt.Text(x.root, "ref"),
		GeneratedBy: m.By.Name, Priority: m.priority(x, rt),
	}
}

// Root is the entity whose workflow drives a new one; nil where none does, or before all is decided.
func (x *Draft) Root() any { return x.root }

// priority is how urgent the CREATE event of a new entity is: see workflow.PriorityOf. One that a turn makes is as urgent as what the turn answers,
// which none says, but for loads: what fills a catalogue is one, whoever makes it.
func (m *Making) priority(x *Draft, root *catalogue.Type) workflow.Priority {
	cause := workflow.Cause{By: m.By.Sender, Root: root.EntityType, New: m.isNew(x.root)}
	if m.By.Sender != 0 {
		return workflow.PriorityOf(cause)
	}
	cause.By = workflow.Person
	if p := workflow.PriorityOf(cause); p == workflow.Batch {
		return p
	}
	return 0
}
