package conformance

import (
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/tenancy"
)

// Two locations of retailer 1, and one of retailer 2.
var (
	here  = tenancy.Location{ID: "101", Ref: "HERE", Retailer: 1}
	there = tenancy.Location{ID: "102", Ref: "THERE", Retailer: 1}
	far   = tenancy.Location{ID: "103", Ref: "FAR", Retailer: 2}
)

func atHere(b *bench, whole ...tenancy.RetailerID) tenancy.Scope {
	return scopeOf(b.t, "ACME").Narrowed(&tenancy.Limits{Whole: whole, Locations: []tenancy.Location{here}})
}

// locations puts a row of each type at three locations, along each of its ways, and looks with a scope for one of them.
func locations(b *bench) {
	b.write(b.scope, func(tx *store.Tx) error {
		for _, at := range []tenancy.Location{here, there, far} {
			l := b.Entity(b.scope, store.TypeOf[foundation.Location](b.db)).(*foundation.Location)
			l.ID, l.Ref, l.RetailerID = catalogue.ID(at.ID), at.Ref, catalogue.ID(strconv.Itoa(int(at.Retailer)))
			tx.Insert(l)
		}
		return nil
	})
	ways := 0
	for _, typ := range domain.Catalogue().Types() {
		switch {
		case typ == domain.Catalogue().LocationType():
			b.atLocation(typ, nil, here.ID, there.ID, far.ID)
		case typ.Places == nil && typ.Owner == nil, typ.Places != nil && len(typ.Places.Ways) == 0:
			b.atNone(typ)
		case typ.Places != nil:
			for i := range typ.Places.Ways {
				ways++
				b.alongWay(typ, i)
			}
		}
	}
	require.Greater(b.t, ways, 60)
	b.aboutWhatIsAt()
}

// alongWay plants three trees and tries each method; of further ways, which are in the same statements, the reads by id.
func (b *bench) alongWay(typ *catalogue.Type, n int) {
	ids, way := make([]string, 3), typ.Places.Ways[n]
	for i, at := range []tenancy.Location{here, there, far} {
		tree := storetest.Place(typ, way, at, storetest.Growing{
			Catalogue: domain.Catalogue(), Retailer: catalogue.ID(strconv.Itoa(int(at.Retailer))),
			Entity: func(t *catalogue.Type) any { return b.Entity(b.scope, t) },
		})
		b.write(b.scope, func(tx *store.Tx) error {
			storetest.Plant(tx, tree.Links, slices.Concat([]any{tree.Root}, tree.Parts, tree.Beside)...)
			return nil
		})
		ids[i] = string(idOf(typ, tree.Root))
	}
	if n == 0 {
		b.atLocation(typ, &way, ids[0], ids[1], ids[2])
		return
	}
	for _, scope := range []tenancy.Scope{atHere(b), atHere(b).Acting()} {
		found, err := b.db.Reader(scope).ByID(b.ctx, typ, catalogue.ID(ids[0]), catalogue.ID(ids[1]), catalogue.ID(ids[2]))
		require.NoError(b.t, err, typ.Name)
		require.Equal(b.t, []bool{true, typ.Places.Open && !scope.Changes(), false}, []bool{found[0] != nil, found[1] != nil, found[2] != nil}, "%s, way %d", typ.Name, n)
	}
}

func (b *bench) atLocation(typ *catalogue.Type, way *catalogue.Way, in, out, other string) {
	ids := []catalogue.ID{catalogue.ID(in), catalogue.ID(out), catalogue.ID(other)}
	open := typ.Places.Open
	for _, c := range []struct {
		name  string
		scope tenancy.Scope
		want  []bool
	}{
		{"seen", atHere(b), []bool{true, open, false}}, {"changed", atHere(b).Acting(), []bool{true, false, false}},
		{"seen, and of another retailer all", atHere(b, 2), []bool{true, open, true}}, {"changed, and of another retailer all", atHere(b, 2).Acting(), []bool{true, false, true}},
	} {
		b.reaches(c.scope, c.name, typ, ids, c.want)
		if way != nil && len(way.Steps) > 0 && way.Steps[0].Edge != nil {
			b.reachesOver(c.scope, c.name, way.Steps[0].Edge, ids, c.want)
		}
	}
}

// reaches tries reads by id and by key, a list, changes and removals of rows.
func (b *bench) reaches(scope tenancy.Scope, name string, typ *catalogue.Type, ids []catalogue.ID, want []bool) {
	r := b.db.Reader(scope)
	found, err := r.ByID(b.ctx, typ, ids...)
	require.NoError(b.t, err, typ.Name)
	res, err := r.Select(b.ctx, store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("id")}})
	require.NoError(b.t, err, typ.Name)
	for i, id := range ids {
		one := b.byID(typ, id)
		alone, err := r.ByID(b.ctx, typ, id)
		require.NoError(b.t, err, typ.Name)
		listed := slices.ContainsFunc(res.Groups[0].Rows, func(row []any) bool { return row[0] == id })
		got := []bool{found[i] != nil, alone[0] != nil, listed}
		if len(typ.Key) > 0 {
			byKey, err := r.ByKey(b.ctx, typ, key(typ, one))
			require.NoError(b.t, err, typ.Name)
			got = append(got, byKey[0] != nil)
		}
		if scope.Changes() && len(scope.Whole()) == 0 {
			got = append(got, b.changes(scope, typ, one))
		}
		for _, x := range got {
			require.Equal(b.t, want[i], x, "%s, %s, row %d of here, there and far: by id of several, by id, in a list, by key, changed: %v", typ.Name, name, i, got)
		}
	}
	single, err := r.Select(b.ctx, store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("id")}, Page: store.Page{First: 1}})
	require.NoError(b.t, err, typ.Name)
	require.Equal(b.t, len(res.Groups[0].Rows) > 1, single.Groups[0].HasNext, "%s, %s: a page counts what is reached", typ.Name, name)
}

// changes reports whether a row is changed, and tries to take away one that is not.
func (b *bench) changes(scope tenancy.Scope, typ *catalogue.Type, row any) bool {
	err := b.db.Write(b.ctx, scope, func(tx *store.Tx) error { tx.Update(row); return nil })
	if err == nil {
		return true
	}
	require.True(b.t, fault.Is(err, fault.NotFound), "%s: %v", typ.Name, err)
	b.write(scope, func(tx *store.Tx) error { tx.Delete(typ, idOf(typ, row)); return nil })
	require.NotNil(b.t, b.byID(typ, idOf(typ, row)), "%s was taken away", typ.Name)
	return false
}

// reachesOver follows a connection to what is at locations.
func (b *bench) reachesOver(scope tenancy.Scope, name string, edge *catalogue.Edge, owners []catalogue.ID, want []bool) {
	if edge.Target.Places == nil || edge.Target.Places.Open {
		return
	}
	for _, ids := range [][]catalogue.ID{owners, owners[1:2]} {
		res, err := b.db.Reader(scope).Select(b.ctx, store.Query{Type: edge.Target, Fields: []*catalogue.Field{edge.Target.Field("id")}, Parents: &store.Parents{Edge: edge, IDs: ids}, Page: store.Page{First: 3}})
		require.NoError(b.t, err, edge.Name)
		for i, g := range res.Groups {
			at := i
			if len(ids) == 1 {
				at = 1
			}
			require.Equal(b.t, want[at], len(g.Rows) > 0, "%s, %s, owner %d", edge.Name, name, at)
		}
	}
}

// atNone tries a type whose rows are at no location: those that the retailer's people share are seen, others are not, and none are changed.
func (b *bench) atNone(typ *catalogue.Type) {
	tree := storetest.Place(typ, catalogue.Way{At: typ.Field("id")}, tenancy.Location{ID: string(b.freshID(typ))}, storetest.Growing{
		Catalogue: domain.Catalogue(), Retailer: "1", Entity: func(t *catalogue.Type) any { return b.Entity(b.scope, t) },
	})
	b.write(b.scope, func(tx *store.Tx) error {
		storetest.Plant(tx, nil, slices.Concat([]any{tree.Root}, tree.Beside)...)
		if typ.RetailerEdge != nil {
			tx.Link(typ.RetailerEdge, idOf(typ, tree.Root), "1")
		}
		return nil
	})
	id := []catalogue.ID{idOf(typ, tree.Root)}
	b.reaches(atHere(b), "seen", typ, id, []bool{typ.Places != nil && typ.Places.Open})
	b.reaches(atHere(b).Acting(), "changed", typ, id, []bool{false})
}

func (b *bench) freshID(typ *catalogue.Type) catalogue.ID {
	id, err := b.db.NewID(b.ctx, b.scope, typ)
	require.NoError(b.t, err)
	if typ.Retailer == typ.Field("id") {
		return "1"
	}
	return id
}

// aboutWhatIsAt has comments and settings about what is at locations, and about retailers and the account.
func (b *bench) aboutWhatIsAt() {
	comments, settings := store.TypeOf[foundation.Comment](b.db), store.TypeOf[foundation.Setting](b.db)
	fulfilment := domain.Catalogue().Type("Fulfilment")
	way := fulfilment.Places.Ways[0]
	about := make([]catalogue.ID, 3)
	var of, set []catalogue.ID
	b.write(b.scope, func(tx *store.Tx) error {
		of, set = nil, nil
		for i, at := range []tenancy.Location{here, there, far} {
			tree := storetest.Place(fulfilment, way, at, storetest.Growing{
				Catalogue: domain.Catalogue(), Retailer: catalogue.ID(strconv.Itoa(int(at.Retailer))), Entity: func(t *catalogue.Type) any { return b.Entity(b.scope, t) },
			})
			storetest.Plant(tx, nil, slices.Concat([]any{tree.Root}, tree.Beside)...)
			about[i] = tree.Root.(*order.Fulfilment).ID
			c := b.Entity(b.scope, comments).(*foundation.Comment)
			c.EntityType, c.EntityID = "FULFILMENT", about[i]
			s := b.Entity(b.scope, settings).(*foundation.Setting)
			s.Context, s.ContextID, s.LobValue = "AGENT", mustInt(at.ID), nil
			tx.Insert(c, s)
			of, set = append(of, c.ID), append(set, s.ID)
		}
		for _, context := range []string{"RETAILER", "ACCOUNT"} {
			s := b.Entity(b.scope, settings).(*foundation.Setting)
			s.Context, s.ContextID, s.LobValue = context, map[string]int{"RETAILER": 1}[context], nil
			tx.Insert(s)
			set = append(set, s.ID)
		}
		r := b.Entity(b.scope, store.TypeOf[foundation.Retailer](b.db)).(*foundation.Retailer)
		r.ID = "1"
		if b.byID(store.TypeOf[foundation.Retailer](b.db), "1") == nil {
			tx.Insert(r)
		}
		return nil
	})
	b.reaches(atHere(b), "seen", comments, of, []bool{true, false, false})
	b.reaches(atHere(b).Acting(), "changed", comments, of, []bool{true, false, false})
	b.reaches(atHere(b), "seen", settings, set, []bool{true, true, false, true, true})
	b.reaches(atHere(b).Acting(), "changed", settings, set, []bool{true, false, false, false, false})
}

func mustInt(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}
