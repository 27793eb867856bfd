package query

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// sums writes a list of sums.
func (p *printer) sums(f *field, g *store.Group) bool {
	p.w.OpenList()
	if g != nil {
		for _, row := range g.Rows {
			p.sum(f, row)
		}
	}
	p.w.CloseList()
	return true
}

// sum writes one of them: what is added up by, and the sum, are the object's members in this order.
func (p *printer) sum(f *field, row []any) {
	p.w.OpenObject()
	for _, sub := range f.wrap {
		p.w.Name(sub.Key)
		i := slices.IndexFunc(f.total.Object.Fields, func(a catalogue.Arg) bool { return a.Name == sub.Name })
		if i < 0 {
			p.w.String(f.total.Object.Name) // __typename
			continue
		}
		switch v := row[i].(type) {
		case string:
			p.w.String(v)
		case int64:
			p.w.Int(v)
		default:
			p.w.Null()
		}
	}
	p.w.CloseObject()
}
