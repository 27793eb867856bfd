package query

import (
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// defaultPage is how many rows a page has whose size is not asked for.
const defaultPage = 10

// connection is what a connection field shows of its pages.
type connection struct {
	fields  []*connField
	cursors bool
}

// connField is a field of the connection object.
type connField struct {
	*document.Field
	edges    []*edgeField      // edges
	pageInfo []*document.Field // pageInfo
}

// edgeField is a field of an edge: node (with its selection), cursor, __typename.
type edgeField struct {
	*document.Field
	sel selection
}

// connection plans a connection of a type.
func (p *planner) connection(f *field, t *catalogue.Type, depth int) error {
	f.kind, f.conn, f.rows = connected, &connection{}, newRowset(t)
	for _, df := range p.op.Sub(p.op.Schema.Types[f.Def.Type.Name()], f.Field) {
		cf := &connField{Field: df}
		f.conn.fields = append(f.conn.fields, cf)
		switch df.Name {
		case "edges":
			var err error
			if cf.edges, err = p.edges(f, df, depth+1); err != nil {
				return err
			}
		case "pageInfo":
			cf.pageInfo = p.op.Sub(p.op.Schema.Types["PageInfo"], df)
			f.conn.cursors = f.conn.cursors || hasCursor(cf.pageInfo)
		}
	}
	return nil
}

// list plans a list of all that an edge leads to. How many rows come at most, the store says.
func (p *planner) list(f *field, t *catalogue.Type, depth int) error {
	f.kind, f.conn, f.rows = listed, &connection{}, newRowset(t)
	var err error
	f.sel, err = p.selection(f.rows, f.Field, depth+1)
	return err
}

func hasCursor(fields []*document.Field) bool {
	for _, f := range fields {
		if f.Name == "startCursor" || f.Name == "endCursor" {
			return true
		}
	}
	return false
}

func (p *planner) edges(f *field, df *document.Field, depth int) ([]*edgeField, error) {
	var out []*edgeField
	for _, sub := range p.op.Sub(p.op.Schema.Types[df.Def.Type.Name()], df) {
		ef := &edgeField{Field: sub}
		out = append(out, ef)
		switch sub.Name {
		case "cursor":
			f.conn.cursors = true
		case "node":
			var err error
			if ef.sel, err = p.selection(f.rows, sub, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
