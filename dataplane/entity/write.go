package entity

import "github.com/fluent-oms/fluent/domain/catalogue"

// Writer takes the rows that come to be or change. See store.Tx.
type Writer interface {
	Insert(entities ...any)
	Update(entity any, fields ...*catalogue.Field)
	Link(edge *catalogue.Edge, owner catalogue.ID, targets ...catalogue.ID)
	Unlink(edge *catalogue.Edge, owner catalogue.ID, targets ...catalogue.ID)
}

// Write gives a writer all rows of what is made and changed. All is decided.
func (m *Making) Write(w Writer) {
	for _, x := range m.Drafts {
		switch {
		case x.New:
			w.Insert(x.Entity)
		case len(x.Touched) > 0:
			w.Update(x.Entity, x.Touched...)
		}
		for _, j := range x.Joins {
			w.Link(j.Edge, x.Type.ID(x.Entity), m.idOf(j.Entity))
		}
		for _, j := range x.Parts {
			w.Unlink(j.Edge, x.Type.ID(x.Entity), m.idOf(j.Entity))
		}
		if p := x.Parent; x.New && p != nil && x.By.Edge != nil && x.By.Edge.Link != nil {
			w.Link(x.By.Edge, p.Type.ID(p.Entity), x.Type.ID(x.Entity))
		}
	}
}

func (m *Making) idOf(e any) catalogue.ID { return m.Catalogue.TypeOf(e).ID(e) }
