package query

import (
	"context"
	"math"
	"sort"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// VirtualInventory answers searchVirtualInventory: the locations at which enough of at least one of the products can be had, each
// with the virtual positions that say so; nearest first if a point is given, else those with most of the products first.
func VirtualInventory(ctx context.Context, c *Call) error {
	v, err := newVirtualSearch(c)
	if err != nil {
		return err
	}
	if err := v.find(ctx); err != nil {
		return err
	}
	x := &fetcher{viewer: c.Viewer, reader: c.runner.Reader, known: c.runner.Known}
	if err := x.run(ctx, []*field{{rows: v.locations}, {rows: v.positions}}); err != nil {
		return err
	}
	v.write()
	c.Errors = v.print.errors
	return nil
}

// virtualSearch is one search on its way.
type virtualSearch struct {
	*Call
	plan      *planner
	print     *printer
	locations *rowset
	positions *rowset
	fields    []*connField
	nodes     map[*edgeField][]*virtualField
	wanted    map[string]int // product ref → quantity
	first     int
	found     []*virtualPlace
	more      bool
}

// virtualField is a field of VirtualInventory.
type virtualField struct {
	*document.Field
	sel selection
}

// virtualPlace is a location with its matching positions.
type virtualPlace struct {
	location  []any
	positions [][]any
	distance  float64
}

func newVirtualSearch(c *Call) (*virtualSearch, error) {
	cat := c.runner.Catalogue
	v := &virtualSearch{
		Call: c, locations: newRowset(cat.Type("Location")), positions: newRowset(cat.Type("VirtualPosition")),
		plan:  &planner{cat: cat, op: c.Op, viewer: c.Viewer, limits: c.runner.Limits},
		print: &printer{w: c.W, path: []any{c.Field.Key}}, nodes: map[*edgeField][]*virtualField{}, wanted: map[string]int{},
	}
	for _, t := range []*catalogue.Type{v.positions.typ, v.locations.typ} {
		if err := v.plan.view(t); err != nil {
			return nil, err
		}
	}
	page, err := pageOf(c.Args)
	if err != nil {
		return nil, err
	}
	v.first = page.First
	list, _ := c.Args["productQuantities"].([]any)
	for _, x := range list {
		product, _ := x.(map[string]any)
		ref, _ := product["productRef"].(string)
		quantity, _ := product["quantity"].(int)
		if quantity < 0 {
			return nil, fault.Invalidf("productQuantities", "quantity must not be negative").WithCode(fault.CodeNumber)
		}
		v.wanted[ref] += quantity
	}
	for _, name := range []string{"productRef", "groupRef", "quantity"} {
		v.positions.want(v.positions.typ.Field(name))
	}
	v.locations.want(v.locations.typ.Field("ref"))
	v.locations.want(v.locations.typ.Field("primaryAddress"))
	return v, v.planFields()
}

// planFields plans the connection's selection.
func (v *virtualSearch) planFields() error {
	schema := v.Op.Schema.Types
	at := place{times: 1, depth: 1}.down(v.first)
	if err := v.plan.charge(at.times); err != nil {
		return err
	}
	for _, df := range v.Op.Sub(schema[v.Field.Def.Type.Name()], v.Field) {
		cf := &connField{Field: df}
		v.fields = append(v.fields, cf)
		switch df.Name {
		case "pageInfo":
			cf.pageInfo = v.Op.Sub(schema["PageInfo"], df)
		case "edges":
			for _, sub := range v.Op.Sub(schema[df.Def.Type.Name()], df) {
				ef := &edgeField{Field: sub}
				cf.edges = append(cf.edges, ef)
				if err := v.planNode(ef, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (v *virtualSearch) planNode(ef *edgeField, at place) error {
	if ef.Name != "node" {
		return nil
	}
	for _, df := range v.Op.Sub(v.Op.Schema.Types["VirtualInventory"], ef.Field) {
		vf := &virtualField{Field: df}
		rows := v.locations
		switch df.Name {
		case "virtualPositions":
			rows, at = v.positions, at.down(max(1, len(v.wanted)))
		case "__typename":
			rows = nil
		}
		if rows != nil {
			var err error
			if vf.sel, err = v.plan.selection(rows, df, at.down(1)); err != nil {
				return err
			}
		}
		v.nodes[ef] = append(v.nodes[ef], vf)
	}
	return nil
}

// find reads the positions and their locations, and chooses.
func (v *virtualSearch) find(ctx context.Context) error {
	byGroup, err := v.matching(ctx)
	if err != nil || len(byGroup) == 0 {
		return err
	}
	t := v.locations.typ
	refs := make([]any, 0, len(byGroup))
	for ref := range byGroup {
		refs = append(refs, ref)
	}
	res, err := v.reader(t).SelectAll(ctx, store.Query{
		Type: t, Fields: v.locations.read, NoCursors: true, Where: []store.Condition{{Field: t.Field("ref"), Op: store.In, Values: refs}},
	})
	if err != nil {
		return err
	}
	refAt := v.locations.at["ref"]
	for _, g := range res[0].Groups {
		for _, row := range g.Rows {
			ref, _ := row[refAt].(string)
			v.found = append(v.found, &virtualPlace{location: row, positions: byGroup[ref]})
		}
	}
	if err := v.order(ctx); err != nil {
		return err
	}
	v.more = len(v.found) > v.first
	v.found = v.found[:min(len(v.found), v.first)]
	for _, p := range v.found {
		v.locations.rows = append(v.locations.rows, p.location)
		v.positions.rows = append(v.positions.rows, p.positions...)
	}
	return nil
}

func (v *virtualSearch) reader(t *catalogue.Type) Reader {
	return v.runner.Reader(v.Viewer.ScopeFor(t.Permission + "_VIEW"))
}

// matching reads the positions that have enough of their product, by group.
func (v *virtualSearch) matching(ctx context.Context) (map[string][][]any, error) {
	t := v.positions.typ
	reader := v.reader(t)
	key, _ := v.Args["virtualCatalogue"].(map[string]any)
	container, err := keys.New(v.runner.Catalogue.Input("VirtualCatalogueKey"), key, "virtualCatalogue")
	if err != nil {
		return nil, err
	}
	if err := v.runner.Known.Resolve(ctx, reader, v.Viewer.ScopeFor(t.Permission+"_VIEW"), container); err != nil {
		return nil, err
	}
	if err := container.Missing(); err != nil {
		return nil, err
	}
	products := store.Condition{Field: t.Field("productRef"), Op: store.In}
	for ref := range v.wanted {
		products.Values = append(products.Values, ref)
	}
	q := store.Query{Type: t, Fields: v.positions.read, NoCursors: true, Where: []store.Condition{idCondition(t.Field("catalogue"), container), products}}
	filter, _ := v.Args["virtualPosition"].(map[string]any)
	if status, ok := filter["status"].(string); ok {
		q.Where = append(q.Where, store.Match(t.Field("status"), status))
	}
	res, err := reader.SelectAll(ctx, q)
	if err != nil {
		return nil, err
	}
	excluded, _ := v.Args["excludedLocationRefs"].([]any)
	return v.enough(res[0].Groups[0].Rows, excluded), nil
}

func (v *virtualSearch) enough(rows [][]any, excluded []any) map[string][][]any {
	out := map[string][][]any{}
	skip := map[any]bool{}
	for _, ref := range excluded {
		skip[ref] = true
	}
	at := v.positions.at
	for _, row := range rows {
		product, _ := row[at["product_ref"]].(string)
		group, _ := row[at["group_ref"]].(string)
		quantity, _ := row[at["quantity"]].(int64)
		if group != "" && !skip[group] && quantity >= int64(v.wanted[product]) {
			out[group] = append(out[group], row)
		}
	}
	return out
}

// order sorts the places: by distance, or by how many products they have; then by ref.
func (v *virtualSearch) order(ctx context.Context) error {
	point, ok := v.Args["orderByProximity"].(map[string]any)
	if ok {
		if err := v.measure(ctx, point); err != nil {
			return err
		}
	}
	refAt := v.locations.at["ref"]
	sort.SliceStable(v.found, func(i, j int) bool {
		a, b := v.found[i], v.found[j]
		switch {
		case ok && a.distance != b.distance:
			return a.distance < b.distance
		case !ok && len(a.positions) != len(b.positions):
			return len(a.positions) > len(b.positions)
		}
		x, _ := a.location[refAt].(string)
		y, _ := b.location[refAt].(string)
		return x < y
	})
	return nil
}

// measure finds how far the places are from a point. Places without coordinates are farthest.
func (v *virtualSearch) measure(ctx context.Context, point map[string]any) error {
	t := v.runner.Catalogue.Type("Address")
	addressAt := v.locations.at["primary_address_id"]
	ids := store.Condition{Field: t.Field("id"), Op: store.In}
	for _, p := range v.found {
		if id, ok := p.location[addressAt].(catalogue.ID); ok {
			ids.Values = append(ids.Values, id)
		}
	}
	fields := []*catalogue.Field{t.Field("id"), t.Field("latitude"), t.Field("longitude")}
	res, err := v.reader(v.locations.typ).SelectAll(ctx, store.Query{Type: t, Fields: fields, NoCursors: true, Where: []store.Condition{ids}})
	if err != nil {
		return err
	}
	where := map[any][]any{}
	for _, row := range res[0].Groups[0].Rows {
		where[row[0]] = row
	}
	latitude, _ := point["latitude"].(float64)
	longitude, _ := point["longitude"].(float64)
	for _, p := range v.found {
		p.distance = math.Inf(1)
		row := where[p.location[addressAt]]
		if row == nil {
			continue
		}
		lat, hasLat := row[1].(float64)
		lon, hasLon := row[2].(float64)
		if hasLat && hasLon {
			p.distance = chord(latitude, longitude, lat, lon)
		}
	}
	return nil
}

// chord is a measure of the distance between two points on a sphere that orders as the distance itself does.
func chord(lat1, lon1, lat2, lon2 float64) float64 {
	const degree = math.Pi / 180
	dLat, dLon := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	return dLat*dLat + math.Cos(lat1*degree)*math.Cos(lat2*degree)*dLon*dLon
}

func (v *virtualSearch) write() {
	w := v.W
	w.OpenObject()
	for _, cf := range v.fields {
		w.Name(cf.Key)
		switch cf.Name {
		case "edges":
			w.OpenList()
			for i, p := range v.found {
				v.print.path = []any{v.Field.Key, cf.Key, i}
				v.edge(cf, p)
			}
			w.CloseList()
		case "pageInfo":
			v.print.pageInfo(cf, &store.Group{HasNext: v.more})
		default:
			w.String("VirtualInventoryConnection")
		}
	}
	w.CloseObject()
}

func (v *virtualSearch) edge(cf *connField, p *virtualPlace) {
	w := v.W
	w.OpenObject()
	for _, ef := range cf.edges {
		w.Name(ef.Key)
		switch ef.Name {
		case "node":
			v.print.path = append(v.print.path, ef.Key)
			v.node(ef, p)
			v.print.path = v.print.path[:len(v.print.path)-1]
		case "cursor":
			w.Null()
		default:
			w.String("VirtualInventoryEdge")
		}
	}
	w.CloseObject()
}

func (v *virtualSearch) node(ef *edgeField, p *virtualPlace) {
	w := v.W
	w.OpenObject()
	for _, vf := range v.nodes[ef] {
		w.Name(vf.Key)
		switch vf.Name {
		case "location":
			v.row(v.locations, vf.sel, p.location)
		case "virtualPositions":
			w.OpenList()
			for _, row := range p.positions {
				v.row(v.positions, vf.sel, row)
			}
			w.CloseList()
		default:
			w.String("VirtualInventory")
		}
	}
	w.CloseObject()
}

func (v *virtualSearch) row(r *rowset, sel selection, row []any) {
	m := v.W.Mark()
	if !v.print.object(r, sel, row) {
		v.W.Rewind(m)
		v.W.Null()
	}
}
