package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// limit is what a scope asks of a type's rows beyond the account, as far as it changes the text of a statement. The zero limit asks nothing.
type limit struct {
	retailers bool   // the row is of one of the scope's retailers
	places    bool   // and at one of its locations,
	whole     bool   // or of one of those that it reaches as a whole
	acting    bool   // its holder may change it
	where     string // and one of the cases of this name holds for it
}

// limitOf is what a scope asks of a type's rows. What a scope without limits costs is a comparison.
func limitOf(scope tenancy.Scope, t *catalogue.Type) (l limit) {
	if scope.Retailers() != nil {
		l.retailers = t.Limited()
		if len(scope.Locations()) > 0 && !(open(t) && !scope.Changes()) {
			l.places, l.whole, l.acting = true, len(scope.Whole()) > 0, scope.Changes()
		}
	}
	if len(scope.Where()) > 0 {
		l.where = scope.Rule()
	}
	return l
}

func (l limit) none() bool { return l == limit{} }

// appendKey writes what tells shapes of different limits apart.
func (l limit) appendKey(key []byte) []byte {
	bits := byte(0)
	for i, on := range []bool{l.retailers, l.places, l.whole, l.acting} {
		if on {
			bits |= 1 << i
		}
	}
	return append(append(key, bits), l.where...)
}

// numbering numbers parameters that follow others.
func numbering(before int) func(cast string) string {
	return func(cast string) string {
		before++
		return fmt.Sprintf("$%d::%s", before, cast)
	}
}

// open reports whether who has roles at locations sees all rows of his retailers.
func open(t *catalogue.Type) bool {
	if t.Abstract() {
		return !slices.ContainsFunc(t.Members, func(m *catalogue.Type) bool { return !open(m) })
	}
	return t.Places != nil && t.Places.Open
}

// text is the condition on the rows t of a type; next numbers its parameters, in the order of arguments.
func (l limit) text(scope tenancy.Scope, m *model, next func(cast string) string) string {
	var all []string
	if l.retailers {
		all = append(all, retailerFilter(m.typ, "t", next("INT8[]"), 0))
	}
	if l.places {
		at := m.places(l.acting)
		var either []string
		switch {
		case l.whole && m.typ.Limited():
			either = append(either, retailerFilter(m.typ, "t", next("INT8[]"), 0))
		case l.whole:
			either = append(either, "true")
		}
		either = append(either, at.numbered(next))
		all = append(all, "("+strings.Join(either, " OR ")+")")
	}
	if l.where != "" {
		all = append(all, m.casesText(scope.Where(), next))
	}
	if len(all) == 0 {
		return "true"
	}
	return strings.Join(all, " AND ")
}

// arguments appends what the parameters of text stand for.
func (l limit) arguments(args []any, scope tenancy.Scope, m *model) []any {
	if l.retailers {
		args = append(args, scope.Retailers())
	}
	if l.places {
		args = l.placeArguments(args, scope, m)
	}
	if l.where != "" {
		args = m.casesArguments(args, scope.Where())
	}
	return args
}

func (l limit) placeArguments(args []any, scope tenancy.Scope, m *model) []any {
	if l.whole && m.typ.Limited() {
		args = append(args, scope.Whole())
	}
	at := m.places(l.acting)
	if at.ids {
		ids := make(array, len(scope.Locations()))
		for i, x := range scope.Locations() {
			ids[i] = idArg(kindNumberID, catalogue.ID(x.ID))
		}
		args = append(args, ids)
	}
	if at.refs {
		refs := make(array, len(scope.Locations()))
		for i, x := range scope.Locations() {
			refs[i] = x.Ref
		}
		args = append(args, refs)
	}
	return args
}

// placed is the condition that a row is at a location: with marks where the lists of ids and of refs go, and which it takes.
type placed struct {
	sql       string
	ids, refs bool
}

// The marks. No name has them.
const (
	markIDs  = "\x00ids"
	markRefs = "\x00refs"
)

func (p placed) numbered(next func(cast string) string) string {
	sql := p.sql
	if p.ids {
		sql = strings.ReplaceAll(sql, markIDs, next("INT8[]"))
	}
	if p.refs {
		sql = strings.ReplaceAll(sql, markRefs, next("TEXT[]"))
	}
	return sql
}

// places is the type's condition, which is written once: for what may be seen, and for what may be changed.
func (m *model) places(acting bool) placed {
	if acting {
		return m.placed[1]
	}
	return m.placed[0]
}

// placeTexts writes the type's conditions once, and the rows at locations as a set, with the same marks: from the locations to the rows.
func (m *model) placeTexts() {
	for i, acting := range []bool{false, true} {
		sql := placeFilter(m.typ, "t", acting, 0)
		m.placed[i] = placed{sql: sql, ids: strings.Contains(sql, markIDs), refs: strings.Contains(sql, markRefs)}
	}
	if m.typ.Abstract() || m.typ.Owner != nil || m.typ.Places == nil {
		return
	}
	var sets []string
	for _, w := range m.typ.Places.Ways {
		sets = append(sets, wayBack(w, m.typ.Table))
	}
	m.reached = strings.Join(sets, " UNION ALL ")
}

// wayBack selects the ids of the rows of a table that one way leads from. Where rows of others refer to them, these say the id.
func wayBack(w catalogue.Way, table string) string {
	from, where, at := wayParts(w, "x")
	id := "x.id"
	if len(w.Steps) > 0 && w.Steps[0].Ref == nil {
		joined, equal, _ := strings.Cut(where[0], " AND ")
		id, equal, _ = strings.Cut(equal, " = x.id")
		where[0] = joined + equal
	} else {
		from, where = append([]string{table + " x"}, from...), append([]string{"x.account_id = $1"}, where...)
	}
	return fmt.Sprintf("SELECT %s AS id FROM %s WHERE %s", id, strings.Join(from, ", "), strings.Join(append(where, at), " AND "))
}

// placeFilter says which rows of a type (under an alias) are at one of some locations, or else may be seen by who has roles there.
func placeFilter(t *catalogue.Type, alias string, acting bool, depth int) string {
	switch {
	case t.Abstract():
		return placesOfMembers(t, alias, acting, depth)
	case !acting && open(t):
		return "true"
	case t.Owner != nil && depth < maxVia:
		return placesOfOwners(t.Owner, alias, acting, depth)
	case t.Places == nil || len(t.Places.Ways) == 0:
		return "false"
	}
	ways := make([]string, len(t.Places.Ways))
	for i, w := range t.Places.Ways {
		ways[i] = wayText(w, alias)
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

func placesOfMembers(t *catalogue.Type, alias string, acting bool, depth int) string {
	all := make([]string, len(t.Members))
	for i, m := range t.Members {
		all[i] = fmt.Sprintf("(%s.%s = '%s' AND %s)", alias, m.Discriminator.Column, m.Name, placeFilter(m, alias, acting, depth))
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

// placesOfOwners goes by what rows are about. What is about the account or a retailer is seen, and not changed.
func placesOfOwners(o *catalogue.Owner, alias string, acting bool, depth int) string {
	kind, v := alias+"."+o.Kind.Column, fmt.Sprintf("o%d", depth)
	var names, all []string
	for _, k := range o.Kinds {
		names = append(names, "'"+k.Name+"'")
		at := placeFilter(k.Type, v, acting, depth+1)
		switch at {
		case "true":
			all = append(all, fmt.Sprintf("%s = '%s'", kind, k.Name))
		case "false":
		default:
			all = append(all, fmt.Sprintf("(%s = '%s' AND EXISTS (SELECT 1 FROM %s %s WHERE %[4]s.account_id = $1 AND %s AND %s))",
				kind, k.Name, k.Type.Table, v, ownerJoin(o, k.Type, alias, v), at))
		}
	}
	if !acting {
		all = append(all, fmt.Sprintf("%s NOT IN (%s)", kind, strings.Join(names, ", ")))
	}
	if len(all) == 0 {
		return "false"
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

// set reports whether the rows that a limit lets pass are a set of those at locations: see model.reached.
func (l limit) set(m *model) bool {
	return l.places && !l.whole && l.where == "" && m.reached != ""
}

// wayText writes one way from a row to its location:
//
//	t.from_location_ref = ANY ($3::TEXT[])
//	EXISTS (SELECT 1 FROM fulfilments w1, addresses w2 WHERE w1.account_id = $1 AND w1.order_id = t.id AND w2.account_id = $1 AND w2.id = w1.to_address_id AND w2.location_id = ANY (…))
func wayText(w catalogue.Way, alias string) string {
	from, where, at := wayParts(w, alias)
	if len(from) == 0 {
		return at
	}
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s AND %s)", strings.Join(from, ", "), strings.Join(where, " AND "), at)
}

// wayParts are the tables on a way, what joins them to the row and to each other, and that the last one says the location.
func wayParts(w catalogue.Way, alias string) (from, where []string, at string) {
	for i, s := range w.Steps {
		next := fmt.Sprintf("w%d", i+1)
		switch {
		case s.Ref != nil:
			where = append(where, fmt.Sprintf("%s.account_id = $1 AND %[1]s.id = %s.%s", next, alias, s.Ref.Column))
		case s.Back != nil:
			where = append(where, fmt.Sprintf("%s.account_id = $1 AND %[1]s.%s = %s.id", next, s.Back.Column, alias))
		case s.Edge.Link == nil:
			where = append(where, fmt.Sprintf("%s.account_id = $1 AND %[1]s.%s = %s.id", next, s.Edge.By.Column, alias))
		default:
			l := fmt.Sprintf("l%d", i+1)
			from = append(from, s.Edge.Link.Table+" "+l)
			where = append(where, fmt.Sprintf("%s.account_id = $1 AND %[1]s.%s = %s.id AND %s.account_id = $1 AND %[4]s.id = %[1]s.%[5]s",
				l, s.Edge.Link.OwnerColumn, alias, next, s.Edge.Link.Target))
		}
		from = append(from, s.Target.Table+" "+next)
		alias = next
	}
	if w.ByID() {
		return from, where, fmt.Sprintf("%s.%s = ANY (%s)", alias, w.At.Column, markIDs)
	}
	return from, where, fmt.Sprintf("%s.%s = ANY (%s)", alias, w.At.Column, markRefs)
}
