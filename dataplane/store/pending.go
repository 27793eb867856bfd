package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// pending is what a Tx has queued since its last flush.
type pending struct {
	now     time.Time
	writing *writing
	stamps  []*time.Time // created_on and updated_on of entities, and the like, which are drawn when the queue is sent
	inserts []*insertGroup
	updates []*entityUpdate
	byID    map[entityKey]*entityUpdate
	fresh   map[entityKey]bool // inserted in this flush
	deletes []deleteGroup
	links   []linkGroup
	calls   []call
	first   []call                      // conditions, which go before everything else
	marks   []string                    // derived figures
	held    map[entityKey]*entityUpdate // see Hold
	stored  int                         // rows of entities more, of what was flushed before too
	err     error                       // the first mistake of a caller
}

type entityKey struct {
	typ *catalogue.Type
	id  catalogue.ID
}

type insertGroup struct {
	model    *model
	entities []any
}

type entityUpdate struct {
	model  *model
	id     catalogue.ID
	fields []fieldOfEntity
}

// fieldOfEntity says from which struct a field's value comes: two structs of one entity may change different fields.
type fieldOfEntity struct {
	column column
	entity any
}

type deleteGroup struct {
	typ *catalogue.Type
	ids []catalogue.ID
}

type linkGroup struct {
	edge    *catalogue.Edge
	add     bool
	owners  []catalogue.ID
	targets []catalogue.ID
}

func (p *pending) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// of finds the model and the id of an entity.
func (p *pending) of(db *DB, entity any) (*model, catalogue.ID, bool) {
	t := db.typeOf(entity)
	if t == nil {
		p.fail(fmt.Errorf("store: %T is not a pointer to a struct of the catalogue", entity))
		return nil, "", false
	}
	m := db.models[t]
	id, _ := m.id.field.Get(entity).(catalogue.ID)
	if id == "" {
		p.fail(fmt.Errorf("store: a %s without an id cannot be written", t.Name))
		return nil, "", false
	}
	return m, id, true
}

func (p *pending) insert(db *DB, entity any) {
	m, id, ok := p.of(db, entity)
	if !ok {
		return
	}
	for _, c := range []column{m.created, m.updated} {
		if at, ok := c.field.Pointer(entity).(*time.Time); ok && at.IsZero() {
			p.stamp(at)
		}
	}
	if p.fresh == nil {
		p.fresh = make(map[entityKey]bool)
	}
	p.fresh[entityKey{m.typ, id}] = true
	p.mark(db.opts.Figures.OfRow(m.typ))
	for _, g := range p.inserts {
		if g.model == m {
			g.entities = append(g.entities, entity)
			return
		}
	}
	p.inserts = append(p.inserts, &insertGroup{model: m, entities: []any{entity}})
}

func (p *pending) stamp(at *time.Time) {
	*at = p.now
	p.stamps, p.writing.stamped = append(p.stamps, at), append(p.writing.stamped, at)
}

func (p *pending) update(db *DB, entity any, fields []*catalogue.Field) {
	m, id, ok := p.of(db, entity)
	if !ok {
		return
	}
	if at, ok := m.updated.field.Pointer(entity).(*time.Time); ok {
		*at = p.now
		p.stamps = append(p.stamps, at)
	}
	key := entityKey{m.typ, id}
	if p.fresh[key] {
		return // the insert reads the struct when it is flushed
	}
	if p.byID == nil {
		p.byID = make(map[entityKey]*entityUpdate)
	}
	u := p.byID[key]
	if u == nil {
		u = &entityUpdate{model: m, id: id}
		p.byID[key] = u
		p.updates = append(p.updates, u)
	}
	if len(fields) == 0 {
		fields = m.typ.Fields
	}
	for _, f := range fields {
		c, err := m.column(f)
		if err != nil {
			p.fail(err)
			return
		}
		u.set(c, entity)
		p.mark(db.opts.Figures.OfField(f))
	}
}

// set remembers a field, but for those that an update leaves alone.
func (u *entityUpdate) set(c column, entity any) {
	if u.model.kept(c) {
		return
	}
	for i := range u.fields {
		if u.fields[i].column.name == c.name {
			u.fields[i].entity = entity
			return
		}
	}
	u.fields = append(u.fields, fieldOfEntity{c, entity})
}

func (p *pending) delete(typ *catalogue.Type, ids []catalogue.ID) {
	if len(ids) > 0 {
		p.deletes = append(p.deletes, deleteGroup{typ, ids})
	}
}

func (p *pending) link(edge *catalogue.Edge, owner catalogue.ID, targets []catalogue.ID, add bool) {
	if edge == nil || edge.Link == nil {
		p.fail(errors.New("store: only edges with a link table can be linked"))
		return
	}
	if len(targets) == 0 {
		return
	}
	if n := len(p.links); n == 0 || p.links[n-1].edge != edge || p.links[n-1].add != add {
		p.links = append(p.links, linkGroup{edge: edge, add: add})
	}
	g := &p.links[len(p.links)-1]
	for _, t := range targets {
		g.owners = append(g.owners, owner)
		g.targets = append(g.targets, t)
	}
}

// flush sends what is queued; with commit, COMMIT goes along unless somebody must look at an answer first.
func (tx *Tx) flush(ctx context.Context, commit bool) error {
	calls, err := tx.pending.take(tx.Reader, tx.conn)
	if err != nil {
		return err
	}
	if !commit {
		if len(calls) == 0 {
			return nil
		}
		return tx.conn.exchange(ctx, calls, false)
	}
	if slices.ContainsFunc(calls, func(c call) bool { return c.checks() }) {
		if err := tx.conn.exchange(ctx, calls, false); err != nil {
			return err
		}
		calls = nil
	}
	if len(calls) == 0 && !tx.conn.begun {
		return nil
	}
	return tx.conn.exchange(ctx, calls, true)
}

// take empties the queue into statements.
func (p *pending) take(r *Reader, c *txConn) ([]call, error) {
	db, scope, account := r.db, r.scope, string(r.scope.Account())
	took := *p
	*p = pending{now: took.now, writing: took.writing, stored: took.stored + took.more()}
	if took.err != nil {
		return nil, took.err
	}
	if len(took.inserts) > 0 || len(took.updates) > 0 || len(took.stamps) > 0 || len(took.held) > 0 {
		took.now = c.draw()
		for _, at := range took.stamps {
			*at = took.now
		}
	}
	c.changed.take(&took, db.ends)
	calls := append(took.first, c.stale.take(db, &took, account)...)
	for _, g := range took.inserts {
		c, err := g.call(account)
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	updates, err := took.updateCalls(scope)
	if err != nil {
		return nil, err
	}
	calls = append(calls, updates...)
	for _, g := range took.deletes {
		c, err := db.deleteCall(g, scope)
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	for _, g := range took.links {
		calls = append(calls, g.call(account))
	}
	if len(took.marks) > 0 { // before what locks rows by statements of its own
		calls = append(calls, markCall(account, &took))
	}
	for _, c := range took.calls {
		if c.gathering != nil {
			if err := c.gather(r); err != nil {
				return nil, err
			}
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// more is how many rows of entities there are more once the queue has been written.
func (p *pending) more() (rows int) {
	for _, g := range p.inserts {
		rows += len(g.entities)
	}
	for _, g := range p.deletes {
		rows -= len(g.ids)
	}
	return rows
}

// inserting is a statement for new rows, and the columns that it fills; all others are NULL.
type inserting struct {
	columns []column
	text    string
}

// common are the columns without those that seldom have a value.
func common(all []column) []column {
	return slices.DeleteFunc(slices.Clone(all), func(c column) bool { return c.field.Rare })
}

// insertText is the statement for any number of new rows of a type.
//
//	INSERT INTO orders (account_id, id, ref, …) SELECT $1::TEXT, c0, c1, … FROM unnest($2::INT8[], $3::TEXT[], …) AS u (c0, c1, …)
func (m *model) insertText(into []column) string {
	var names, values, params, aliases strings.Builder
	for i, c := range into {
		fmt.Fprintf(&names, ", %s", c.name)
		fmt.Fprintf(&values, ", c%d%s", i, jsonCast(c.kind))
		comma := ""
		if i > 0 {
			comma = ", "
		}
		fmt.Fprintf(&params, "%s$%d::%s[]", comma, i+2, c.kind.castType())
		fmt.Fprintf(&aliases, "%sc%d", comma, i)
	}
	return fmt.Sprintf("INSERT INTO %s (account_id%s) SELECT $1::TEXT%s FROM unnest(%s) AS u (%s)",
		m.typ.Table, names.String(), values.String(), params.String(), aliases.String())
}

func jsonCast(k sqlKind) string {
	if k == kindJSON {
		return "::JSONB"
	}
	return ""
}

func (g *insertGroup) call(account string) (call, error) {
	m, into := g.model, g.model.common
	if g.rare() {
		into = g.model.insert
	}
	args := make([]any, len(into.columns)+1)
	args[0] = account
	for i, c := range into.columns {
		values := make(array, len(g.entities))
		for j, e := range g.entities {
			v, err := c.of(e)
			if err != nil {
				return call{}, fmt.Errorf("%s.%s: %w", m.typ.Name, c.field.Name, err)
			}
			values[j] = v
		}
		args[i+1] = values
	}
	return call{name: m.typ.Table + ".insert", sql: into.text, args: args}, nil
}

// rare reports whether a row has a value in a column that seldom has one.
func (g *insertGroup) rare() bool {
	all := g.model.columns
	if len(g.model.common.columns) == len(all) {
		return true
	}
	for _, c := range all {
		if c.field.Rare && slices.ContainsFunc(g.entities, func(e any) bool { return !c.field.Empty(e) }) {
			return true
		}
	}
	return false
}

// of reads the column's value from an entity.
func (c column) of(entity any) (any, error) { return encode(c.kind, c.field.Get(entity), c.field.Null) }

func (g linkGroup) call(account string) call {
	l := g.edge.Link
	kind := "link"
	text := fmt.Sprintf("INSERT INTO %s (account_id, %s, %s) SELECT $1::TEXT, o, t FROM unnest($2::%s[], $3::%s[]) AS u (o, t) ON CONFLICT DO NOTHING",
		l.Table, l.OwnerColumn, l.Target, kindNumberID.castType(), idKind(g.edge.Target).castType())
	if !g.add {
		kind = "unlink"
		text = fmt.Sprintf("DELETE FROM %[1]s l USING unnest($2::%[2]s[], $3::%[3]s[]) AS u (o, t) "+
			"WHERE l.account_id = $1 AND l.%[4]s = u.o AND l.%[5]s = u.t AND l.%[4]s = ANY ($2::%[2]s[]) AND l.%[5]s = ANY ($3::%[3]s[])",
			l.Table, kindNumberID.castType(), idKind(g.edge.Target).castType(), l.OwnerColumn, l.Target)
	}
	return call{name: l.Table + "." + kind, sql: text, args: []any{account, idArray(kindNumberID, g.owners), idArray(idKind(g.edge.Target), g.targets)}}
}

func idArray(kind sqlKind, ids []catalogue.ID) array {
	a := make(array, len(ids))
	for i, id := range ids {
		a[i] = idArg(kind, id)
	}
	return a
}

func (db *DB) deleteCall(g deleteGroup, scope tenancy.Scope) (call, error) {
	m, err := db.model(g.typ)
	if err != nil {
		return call{}, err
	}
	args := []any{string(scope.Account()), idArray(m.id.kind, g.ids)}
	args = limitOf(scope, m.typ).arguments(args, scope, m)
	return call{name: g.typ.Table + ".delete", sql: m.deleteText(scope), args: args}, nil
}

func (m *model) deleteText(scope tenancy.Scope) string {
	text := fmt.Sprintf("DELETE FROM %s t WHERE t.account_id = $1 AND t.id = ANY ($2::%s[])", m.typ.Table, m.id.kind.castType())
	if l := limitOf(scope, m.typ); !l.none() {
		text += " AND " + l.text(scope, m, numbering(2))
	}
	return text
}

// notFound translates the division by zero with which an update of too few rows fails.
func notFound(typ *catalogue.Type, ids []catalogue.ID) func(pe *pgconn.PgError) error {
	return func(pe *pgconn.PgError) error {
		if pe.Code != stateDivision {
			return nil
		}
		if len(ids) == 1 {
			return fault.NotFoundf("there is no %s with id %s", typ.Name, ids[0]).Wrap(pe)
		}
		return fault.NotFoundf("one of %d entities of type %s to be changed does not exist", len(ids), typ.Name).Wrap(pe)
	}
}
