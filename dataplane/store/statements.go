package store

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Derived is one SQL text that the store derives from the catalogue.
type Derived struct {
	Name string
	SQL  string
	// Hot statements run for every request, and must find their rows by an index.
	Hot bool
}

// Statements lists what the store derives from a catalogue: reads and writes of each type, and each edge. Which fields a read returns makes no
// difference to its form, so each form is there once; texts that are constants are in the package's source. Tests check them all against the
// grammars and planners of both engines.
func Statements(c *catalogue.Catalogue) ([]Derived, error) {
	db := &DB{shapes: &shapeCache{byKey: make(map[string]*shape)}}
	if err := db.learn(c); err != nil {
		return nil, err
	}
	db.bytewise(true)
	all, err := tenancy.NewScope("ACCOUNT")
	if err != nil {
		return nil, err
	}
	some, err := tenancy.NewScope("ACCOUNT", 1)
	if err != nil {
		return nil, err
	}
	l := &statementList{db: db}
	scopes := append([]tenancy.Scope{all, some}, atLocations(all)...)
	for _, t := range c.Types() {
		l.writes(db.models[t], scopes)
	}
	for _, t := range c.Types() {
		l.parts(db.models[t].aggregate, scopes)
	}
	for _, t := range c.Types() {
		if b := db.documents[t]; b != nil && b.above == nil {
			l.documents(b.of)
		}
	}
	for _, t := range append(slices.Clone(c.Types()), c.Abstract()...) {
		for _, scope := range scopes {
			l.reads(scope, t)
		}
	}
	if m := l.db.modelNamed(c, "Setting"); m != nil {
		l.add("settings.at", m.settingsText(), true)
	}
	if u, r := l.db.modelNamed(c, "User"), l.db.modelNamed(c, "Role"); u != nil && r != nil {
		// Not hot: where roles are few, the planner may read them all, and rightly.
		l.add("users.principal", principalText(u, r, "id"), false)
		l.add("users.principal", principalText(u, r, "username"), false)
	}
	return l.out, l.err
}

// modelNamed is nil when the catalogue has no such type.
func (db *DB) modelNamed(c *catalogue.Catalogue, name string) *model { return db.models[c.Type(name)] }

type statementList struct {
	db  *DB
	out []Derived
	err error
}

func (l *statementList) add(name, sql string, hot bool) {
	if !slices.ContainsFunc(l.out, func(s Derived) bool { return s.SQL == sql }) {
		l.out = append(l.out, Derived{Name: name, SQL: sql, Hot: hot})
	}
}

// atLocations are scopes of those who have roles at locations: there only, or in a retailer besides; for what they may see, and may change.
func atLocations(all tenancy.Scope) (out []tenancy.Scope) {
	for _, whole := range [][]tenancy.RetailerID{nil, {2}} {
		at := all.Narrowed(&tenancy.Limits{Whole: whole, Locations: []tenancy.Location{{ID: "1", Ref: "L", Retailer: 1}}})
		out = append(out, at, at.Acting())
	}
	return out
}

func (l *statementList) writes(m *model, scopes []tenancy.Scope) {
	l.add(m.typ.Table+".insert", m.insert.text, false)
	if m.common.text != m.insert.text {
		l.add(m.typ.Table+".insert", m.common.text, false)
	}
	l.add(m.typ.Table+".expect", m.expectText(), true)
	for _, scope := range scopes {
		hot := limitOf(scope, m.typ).none()
		l.add(m.typ.Table+".update", m.updateText(m.changeable(), false, scope), hot)
		l.add(m.typ.Table+".update", m.updateText(m.changeable(), true, scope), hot)
		l.add(m.typ.Table+".delete", m.deleteText(scope), hot)
	}
	for _, e := range m.typ.Edges {
		if e.Link == nil {
			continue
		}
		for _, add := range []bool{true, false} {
			c := linkGroup{edge: e, add: add}.call("")
			l.add(c.name, c.sql, !add)
		}
	}
}

// documents adds the statements of documents.
func (l *statementList) documents(d *documented) {
	x := &d.texts
	for _, text := range []struct{ name, sql string }{
		{"read", x.one}, {"read", x.many}, {"readKeyed", x.keyed}, {"stale", x.stale}, {"stale", x.staleMany}, {"stale", x.staleParts},
		{"versions", x.versions}, {"write", x.write}, {"add", x.add}, {"count", x.count},
	} {
		if text.sql != "" {
			l.add(d.tree.Table+"."+text.name, text.sql, text.name != "count")
		}
	}
}

// parts adds the statements that read what hangs on a root: as hot as its turns are.
func (l *statementList) parts(a *aggregate, scopes []tenancy.Scope) {
	if a == nil {
		return
	}
	for _, b := range a.branches {
		for _, scope := range scopes {
			l.add(b.name, b.limited(scope), limitOf(scope, b.model.typ).none())
		}
	}
}

const sampleUUID = "00000000-0000-8000-8000-000000000000"

// sample values of conditions; what they are makes no difference to the text, how many do.
func sampleConditions(t *catalogue.Type) (out [][]Condition) {
	for _, f := range t.Fields {
		switch f.Kind {
		case catalogue.Text:
			out = append(out, []Condition{{f, In, []any{"a"}}}, []Condition{{f, In, []any{"a", "b"}}}, []Condition{{f, Like, []any{"a%"}}},
				[]Condition{{f, Like, []any{"a%", "b%"}}}, []Condition{{f, LikeFold, []any{"a%"}}})
		case catalogue.Int, catalogue.Float:
			out = append(out, []Condition{{f, Range, []any{1, 2}}})
		case catalogue.IDValue:
			out = append(out, []Condition{{f, In, []any{""}}}, []Condition{{f, In, []any{"", ""}}}, []Condition{{f, IsNull, nil}})
		case catalogue.JSON:
			out = append(out, []Condition{{f, NotNull, nil}})
		}
	}
	return out
}

func (l *statementList) totals(scope tenancy.Scope, t *catalogue.Type, hot bool) {
	for _, x := range t.Totals {
		text, err := l.db.models[x.Edge.Target].totalsText(x, scope)
		if err != nil {
			l.err = err
			return
		}
		l.add(x.Edge.Target.Table+".totals", text, hot)
	}
}

// followed adds the searches of clients: pages with cursors, which hang on no other pages' forms, a search by updated_on, and a bounded one.
func (l *statementList) followed(t *catalogue.Type, pages []Page, whole bool, one func(Query, bool)) {
	m := l.db.models[t]
	from := []any{time.Time{}, nil}
	one(Query{Type: t, Page: Page{First: 1}, Follow: true, Where: []Condition{{m.updated.field, Range, from}}}, false)
	text := slices.IndexFunc(t.Fields, func(f *catalogue.Field) bool { return f.Kind == catalogue.Text })
	for _, p := range pages {
		one(Query{Type: t, Page: p, Follow: true}, whole && t.Plural != "")
		if text >= 0 {
			where := []Condition{{m.created.field, Range, from}, {t.Fields[text], LikeFold, []any{"a%"}}}
			one(Query{Type: t, Where: where, Page: p, Follow: true, Bounded: true}, false)
		}
	}
}

func (l *statementList) reads(scope tenancy.Scope, t *catalogue.Type) {
	one := func(q Query, hot bool) {
		if l.err != nil {
			return
		}
		s, err := l.db.prepare(scope, &q)
		if err != nil {
			l.err = err
			return
		}
		l.add(s.shape.name, s.shape.sql, hot)
	}
	id := l.db.models[t].id.kind
	at := position{kind: id}.plain()
	pages := []Page{{}, {First: 1}, {Last: 1}, {First: 1, After: at}, {Last: 1, Before: at}, {First: 1, After: at, Before: at}}
	whole := scope.Retailers() == nil
	for _, p := range pages {
		one(Query{Type: t, Page: p}, whole && t.Plural != "" && p != Page{})
	}
	l.followed(t, []Page{pages[1], pages[3]}, whole, one)
	for _, where := range sampleConditions(t) {
		one(Query{Type: t, Where: where, Page: Page{First: 1}}, false)
	}
	for _, u := range t.Uniques {
		if where := severalOf(u); where != nil {
			one(Query{Type: t, Where: where, Page: Page{First: 1}}, whole)
		}
	}
	l.totals(scope, t, whole)
	for _, e := range t.Connections() {
		for _, below := range e.Target.Connections() {
			if e.By != nil {
				one(Query{Type: below.Target, Parents: &Parents{Edge: below, Of: &Owners{Edge: e, ID: "1", First: 1}}, Page: Page{First: 1}}, whole)
			}
		}
		for _, ids := range [][]catalogue.ID{{"1"}, {"1", "2"}} {
			for _, p := range pages {
				p.After, p.Before = cursorFor(l.db, e, p.After), cursorFor(l.db, e, p.Before)
				one(Query{Type: e.Target, Parents: &Parents{Edge: e, IDs: ids}, Page: p}, whole)
			}
			one(Query{Type: e.Target, Parents: &Parents{Edge: e, IDs: ids}, Page: Page{First: 1}, Follow: true}, whole)
		}
	}
	l.lookups(scope, t)
}

// severalOf asks for two values of the last fields of an index of several; nil for others.
func severalOf(u catalogue.Unique) (where []Condition) {
	if len(u.Fields) < 2 {
		return nil
	}
	for i, f := range u.Fields {
		var v any = ""
		if f.Kind == catalogue.Int {
			v = 1
		}
		values := []any{v, v}
		if len(u.Fields)-i > maxLists {
			values = values[:1]
		}
		where = append(where, Condition{f, In, values})
	}
	return where
}

// cursorFor makes a cursor of the kind that the far end of an edge has, where one was asked for.
func cursorFor(db *DB, e *catalogue.Edge, asked string) string {
	if asked == "" {
		return ""
	}
	return position{kind: db.models[e.Target].id.kind}.plain()
}

func (l *statementList) lookups(scope tenancy.Scope, t *catalogue.Type) {
	ids := []catalogue.ID{"1", "2"}
	if t.IDKind == catalogue.UUID {
		ids = []catalogue.ID{sampleUUID, sampleUUID}
	}
	key := make(Key, len(t.Key))
	for n := 1; n <= 2 && l.err == nil; n++ {
		var c call
		if c, l.err = l.db.loadByID(scope, t, ids[2-n:], make([]any, n)); l.err == nil && c.sql != "" {
			l.add(c.name, c.sql, scope.Retailers() == nil)
		}
		if l.err == nil && len(t.Key) > 0 {
			if c, l.err = l.db.loadByKey(scope, t, []Key{key, key}[:n], make([]any, n)); l.err == nil {
				l.add(c.name, c.sql, scope.Retailers() == nil)
			}
		}
	}
}

// Search is a search of a type by one of its filters, or without, with arguments.
type Search struct {
	Derived
	Args   []any
	Column string
	Served bool // by an index
}

// Searches lists the searches that clients with a scope may make by one filter: a value, a pattern that begins with something, a range of time. The
// values are such as number n of a table's rows could have. Where the scope is limited, the list without a filter is among them.
func Searches(c *catalogue.Catalogue, scope tenancy.Scope, n int, at time.Time) (out []Search, err error) {
	db := &DB{opts: Options{}.withDefaults(), shapes: &shapeCache{byKey: make(map[string]*shape)}}
	if err := db.learn(c); err != nil {
		return nil, err
	}
	db.bytewise(true)
	one := func(t *catalogue.Type, name, column string, where ...Condition) error {
		q := Query{Type: t, Where: where, Page: Page{First: 50}, Follow: true, Bounded: true}
		s, err := db.prepare(scope, &q)
		if err == nil {
			out = append(out, Search{Derived: Derived{Name: name, SQL: s.shape.sql}, Args: s.args, Column: column, Served: !s.shape.scan})
		}
		return err
	}
	for _, t := range append(slices.Clone(c.Types()), c.Abstract()...) {
		if t.Plural == "" {
			continue
		}
		if !limitOf(scope, t).none() {
			if err := one(t, t.Plural+"()", ""); err != nil {
				return nil, err
			}
		}
		for _, f := range t.Fields {
			if f.Argument == "" {
				continue
			}
			for _, where := range filtersOf(f, n, at) {
				if err := one(t, fmt.Sprintf("%s(%s) %d", t.Plural, f.Name, where.Op), f.Column, where); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// filtersOf are the conditions that a filter can become.
func filtersOf(f *catalogue.Field, n int, at time.Time) []Condition {
	switch f.Kind {
	case catalogue.Text:
		text := fmt.Sprintf("v%d", n)
		return []Condition{{f, In, []any{text}}, {f, Like, []any{text + "%"}}}
	case catalogue.IDValue:
		id := catalogue.ID(strconv.Itoa(n))
		if f.Ref != nil && f.Ref.IDKind == catalogue.UUID {
			id = sampleUUID
		}
		return []Condition{{f, In, []any{id}}}
	case catalogue.Time:
		return []Condition{{f, Range, []any{at, at.Add(3 * time.Second)}}}
	}
	return nil
}
