package store

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// This file keeps what a transaction changes, and tells it in the round trip of COMMIT to those who live by it: the feed of changes gets a row.
//
// Whatever writes entities goes through the queue of a Tx, which notes them when it is taken; so nobody who queues can forget it. A statement of a
// part that changes entities of which only the database knows writes a row of its own, in the same statement, with what it has returned
// (see stock/noted.go): TestWhatChangesEntitiesSaysSo reads all texts for it.
//
// The row's time is the database's, taken behind all locks, right before COMMIT: of two transactions that change one entity, or that lock one root, the later
// one has the later time. It comes with the check of the drawn key (see horizon.go), in one statement.

// Change is what became of an entity.
type Change byte

// The changes.
const (
	Created Change = 'c'
	Updated Change = 'u'
	Deleted Change = 'd'
)

const sqlChanged = `INSERT INTO changes (account_id, at, id, body) SELECT $1::TEXT, k.at, $2::TEXT::UUID, $3::BYTEA FROM (SELECT clock_timestamp() AS at) k
WHERE 1 / CASE WHEN clock_timestamp() BETWEEN $4::TIMESTAMPTZ AND $5::TIMESTAMPTZ THEN 1 ELSE 0 END = 1`

// changed is what a transaction has changed up to now, over all its flushes: each entity once.
type changed struct {
	list []changedEntity // in the order in which they were first noted
	at   map[entityKey]int
}

type changedEntity struct {
	entityKey
	what Change // 0: nothing, after all
}

// note adds a change of an entity to what happened to it before.
func (c *changed) note(typ *catalogue.Type, id catalogue.ID, what Change) {
	key := entityKey{typ, id}
	i, known := c.at[key]
	if !known {
		if c.at == nil {
			c.at = make(map[entityKey]int)
		}
		c.at[key] = len(c.list)
		c.list = append(c.list, changedEntity{key, what})
		return
	}
	switch was := c.list[i].what; {
	case was == Created && what == Updated:
	case was == Created && what == Deleted:
		c.list[i].what = 0
	case was == Deleted && what == Created:
		c.list[i].what = Updated
	default:
		c.list[i].what = what
	}
}

// take notes what a flush writes. Of what is linked, both ends change.
func (c *changed) take(p *pending, ends map[*catalogue.Edge]*catalogue.Type) {
	for _, g := range p.inserts {
		for _, e := range g.entities {
			id, _ := g.model.id.field.Get(e).(catalogue.ID)
			c.note(g.model.typ, id, Created)
		}
	}
	for _, u := range p.rewritten() {
		c.note(u.model.typ, u.id, Updated)
	}
	for _, g := range p.deletes {
		for _, id := range g.ids {
			c.note(g.typ, id, Deleted)
		}
	}
	for _, g := range p.links {
		for i := range g.owners {
			c.note(ends[g.edge], g.owners[i], Updated)
			c.note(g.edge.Target, g.targets[i], Updated)
		}
	}
}

// maxChanged is how many entities one row of the feed tells of.
const maxChanged = 4000

// changes are the statements by which what was changed comes into the feed. They check that drawn keys hold: from, until.
func (c *txConn) changes(from, until any) []call {
	list := slices.DeleteFunc(slices.Clone(c.changed.list), func(e changedEntity) bool { return e.what == 0 })
	var calls []call
	for part := range slices.Chunk(list, maxChanged) {
		calls = append(calls, call{name: "changes", sql: sqlChanged, control: true, fail: OnDivision(errLate),
			args: []any{string(c.writing.account), string(c.writing.db.NewUUID()), encodeChanges(part), from, until}})
	}
	return calls
}

// encodeChanges makes the body of a row: groups of entities of one type with one change, one behind the other.
//
//	cNOrder:2: and two ids    c, u, d: what; N, U: the ids are numbers, or UUIDs; the type's name; how many ids follow
//
// UUIDs are 16 bytes each. Numbers rise, and each is what it has more than the one before, as a varint. A statement can make such a group by
// itself, and rows are made of any number of them.
func encodeChanges(list []changedEntity) []byte {
	slices.SortStableFunc(list, func(a, b changedEntity) int {
		return cmp.Or(cmp.Compare(a.typ.Name, b.typ.Name), cmp.Compare(a.what, b.what))
	})
	var body []byte
	for len(list) > 0 {
		typ, what := list[0].typ, list[0].what
		n := 1
		for n < len(list) && list[n].typ == typ && list[n].what == what {
			n++
		}
		body = appendGroup(body, typ, what, list[:n])
		list = list[n:]
	}
	return body
}

// appendGroup leaves out ids that cannot be one: they name no row.
func appendGroup(body []byte, typ *catalogue.Type, what Change, list []changedEntity) []byte {
	var ids []byte
	n, kind := 0, byte('N')
	if typ.IDKind == catalogue.UUID {
		kind = 'U'
		for _, e := range list {
			if id, ok := parseUUID(e.id); ok {
				ids = append(ids, id[:]...)
				n++
			}
		}
	} else {
		var numbers []int64
		for _, e := range list {
			if id, ok := parseNumber(e.id); ok {
				numbers = append(numbers, id)
			}
		}
		slices.Sort(numbers)
		n = len(numbers)
		var last int64
		for _, id := range numbers {
			ids = binary.AppendUvarint(ids, uint64(id-last))
			last = id
		}
	}
	if n == 0 {
		return body
	}
	body = append(append(body, byte(what), kind), typ.Name...)
	body = append(strconv.AppendInt(append(body, ':'), int64(n), 10), ':')
	return append(body, ids...)
}

// learnEnds finds whose edges those with link tables are.
func (db *DB) learnEnds(c *catalogue.Catalogue) {
	db.ends = make(map[*catalogue.Edge]*catalogue.Type)
	for _, t := range slices.Concat(c.Types(), c.Abstract()) {
		for _, e := range t.Connections() {
			if e.Link != nil {
				db.ends[e] = t
			}
		}
	}
}
