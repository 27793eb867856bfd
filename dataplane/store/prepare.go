package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// shape is the SQL text of all queries that differ in values only, and how to read its answer.
type shape struct {
	name   string
	sql    string
	layout layout
	model  *model
	steady bool // one plan serves all values
	custom bool // which plan is good hangs on the values
	scan   bool // it looks at so many rows and no more
}

// layout says where things are in an answer's row.
type layout struct {
	columns  []column // what the query's own columns are, each once; they begin at offset
	offset   int      // 1 for the parent's number or id, 2 more for low and high
	parents  bool
	parent   int     // index of the parent's number or id
	owner    sqlKind // what kind of id stands for the parent, where it is no number
	owners   bool
	horizon  int // index of where the horizon is; -1: not asked
	low      int // index of the flag that says whether rows at or before Page.After exist; -1: not asked
	high     int // the same for Page.Before
	created  int // index of created_on; of the row
	id       int
	cells    []int // where each of Query.Fields is
	backward bool
}

// selection is a query made ready: its shape and its arguments.
type selection struct {
	db    *DB
	shape *shape
	args  []any
	query *Query
	limit int // rows per page; 0: all
	max   int
	taken int // rows from the query's budget

	bounds    bounds
	watermark bool
	limited   bool
}

// shapeCache keeps texts by shape. Queries of callers could make up many, so it is emptied when it grows large.
type shapeCache struct {
	mu    sync.RWMutex
	byKey map[string]*shape
}

const maxShapes = 8192

func (s *shapeCache) find(key []byte) *shape {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byKey[string(key)]
}

func (s *shapeCache) keep(key []byte, sh *shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byKey) >= maxShapes {
		clear(s.byKey)
	}
	s.byKey[string(key)] = sh
}

// traits of a query that change its text but are not seen in its fields.
const (
	traitParents = 1 << iota
	traitOneParent
	traitLow
	traitHigh
	traitBackward
	traitLimit
	traitLimited
	traitOwners
	traitHorizon
	traitWatermark
	traitScan
)

// prepare finds or makes the text for a query and lines up its arguments.
func (db *DB) prepare(scope tenancy.Scope, q *Query) (*selection, error) {
	m, err := db.model(q.Type)
	if err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	l := limitOf(scope, q.Type)
	traits := m.traitsOf(q)
	if !l.none() {
		traits |= traitLimited
		if q.walks() {
			traits |= traitScan
		}
	}
	var buf [512]byte
	key := appendShapeKey(buf[:0], m, q, traits)
	if !l.none() {
		key = l.appendKey(key)
	}
	sh := db.shapes.find(key)
	if sh == nil {
		if sh, err = db.newShape(scope, m, q, traits); err != nil {
			return nil, err
		}
		db.shapes.keep(key, sh)
	}
	s := &selection{db: db, shape: sh, query: q, limit: q.Page.First + q.Page.Last, max: db.opts.MaxRows, watermark: traits&traitWatermark != 0, limited: traits&traitLimited != 0}
	if s.bounds, err = q.bounds(string(scope.Account()), m.id.kind); err != nil {
		return nil, err
	}
	s.args, err = s.arguments(scope, traits)
	return s, err
}

func (q *Query) check() error {
	switch p := q.Page; {
	case p.First < 0:
		return fault.Invalidf("first", "first must not be negative")
	case p.Last < 0:
		return fault.Invalidf("last", "last must not be negative")
	case p.First > 0 && p.Last > 0:
		return fault.Invalidf("last", "give either first or last")
	}
	if q.Parents != nil && q.Parents.Edge == nil {
		return errors.New("store: parents without an edge")
	}
	if q.Parents != nil && q.Parents.Of != nil && (q.Parents.Of.Edge.By == nil || q.Parents.Of.First < 1 || q.Page.After != "" || q.Page.Before != "") {
		return errors.New("store: owners need a direct edge and a number, and have no cursors")
	}
	for _, c := range q.Where {
		if c.Field != nil && c.Field.Kind == catalogue.JSON && c.Op != In && c.Op < IsNull {
			return fmt.Errorf("store: %s.%s holds JSON, which has neither patterns nor ranges", q.Type.Name, c.Field.Name)
		}
		if c.Op == Range && len(c.Values) != 2 {
			return fmt.Errorf("store: a range on %s needs two values", q.Type.Name)
		}
	}
	return nil
}

// steady reports whether an index leads to the rows whatever the values are: those of one id, and those at the far end of an edge without
// further conditions, for which there is an index in the order of pages. What filters searches, or the retailers that a caller is limited to,
// decides which index is good. Values of all fields of a unique index lead to few rows by that index, and the text keeps planners from walking
// the index of the order instead.
func (q *Query) steady(traits int) bool {
	if traits&traitLimited != 0 {
		return false
	}
	if q.Parents != nil {
		return len(q.Where) == 0 && q.Parents.Edge.Link == nil
	}
	return q.unique() || len(q.Where) == 1 && q.Where[0].Field == q.Type.Field("id") && q.Where[0].Op == In && len(q.Where[0].Values) == 1
}

// maxLists is how many conditions with several values a search by a unique index may have: each combination is a probe.
const maxLists = 2

// unique reports whether the conditions give values for all fields of a unique index.
func (q *Query) unique() bool {
	if q.Parents != nil || len(q.Where) < 2 {
		return false
	}
	lists := 0
	given := func(f *catalogue.Field) bool {
		i := slices.IndexFunc(q.Where, func(c Condition) bool { return c.Field == f && c.Op == In && len(c.Values) > 0 })
		if i >= 0 && len(q.Where[i].Values) > 1 {
			lists++
		}
		return i >= 0
	}
	for _, u := range q.Type.Uniques {
		lists = 0
		if !slices.ContainsFunc(u.Fields, func(f *catalogue.Field) bool { return !given(f) }) && lists <= maxLists {
			return true
		}
	}
	return false
}

func (m *model) traitsOf(q *Query) (traits int) {
	set := func(on bool, bit int) {
		if on {
			traits |= bit
		}
	}
	set(q.Parents != nil, traitParents)
	set(q.Parents != nil && len(q.Parents.IDs) == 1, traitOneParent)
	set(q.Page.After != "", traitLow)
	set(q.Page.Before != "", traitHigh)
	set(q.Page.Last > 0, traitBackward)
	set(q.Page.First+q.Page.Last > 0, traitLimit)
	set(q.Parents != nil && q.Parents.Of != nil, traitOwners)
	set(q.Follow && !q.NoCursors, traitHorizon)
	set(q.watermark(m.updated.field), traitWatermark)
	set(q.scans(m), traitScan)
	return traits
}

// appendShapeKey writes what tells shapes apart: the addresses of type, edge and fields, which live as long as the catalogue.
func appendShapeKey(key []byte, m *model, q *Query, traits int) []byte {
	key = appendPointer(key, reflect.ValueOf(q.Type))
	key = binary.AppendUvarint(key, uint64(traits))
	if q.Parents != nil {
		key = appendPointer(key, reflect.ValueOf(q.Parents.Edge))
		if q.Parents.Of != nil {
			key = appendPointer(key, reflect.ValueOf(q.Parents.Of.Edge))
		}
	}
	key = binary.AppendUvarint(key, uint64(len(q.Where)))
	for _, c := range q.Where {
		key = appendPointer(key, reflect.ValueOf(c.Field))
		key = append(key, byte(c.Op), c.arity())
		if c.Op == Like || traits&traitScan != 0 { // which conditions an index serves
			key = append(key, byte(m.service(&c)))
		}
	}
	for _, f := range q.Fields {
		key = appendPointer(key, reflect.ValueOf(f))
	}
	return key
}

func appendPointer(key []byte, v reflect.Value) []byte {
	return binary.LittleEndian.AppendUint64(key, uint64(v.Pointer()))
}

// arity is the part of a condition's values that changes the text: one value or several, and which ends of a range are open.
func (c *Condition) arity() byte {
	switch c.Op {
	case Range:
		var b byte
		if c.Values[0] != nil {
			b |= 1
		}
		if c.Values[1] != nil {
			b |= 2
		}
		return b
	case IsNull, NotNull:
		return 0
	default:
		return byte(min(len(c.Values), 2))
	}
}

// arguments follows the order in which newShape numbers the parameters: account, parents, conditions, the limit of the scope, the
// time of a search by updated_on, cursors, the bound of a scan, limit of the page.
func (s *selection) arguments(scope tenancy.Scope, traits int) ([]any, error) {
	q, m := s.query, s.shape.model
	args := make([]any, 1, 8)
	args[0] = string(scope.Account())
	switch {
	case traits&traitOwners != 0:
		of := q.Parents.Of
		args = append(args, idArg(kindOf(of.Edge.Target, of.Edge.By), of.ID), of.First)
	case q.Parents != nil:
		args = append(args, parentsArg(q.Parents, ownerKind(m, q.Parents.Edge)))
	}
	for i := range q.Where {
		var err error
		if args, err = appendConditionArgs(args, m, &q.Where[i]); err != nil {
			return nil, err
		}
	}
	if traits&traitLimited != 0 {
		args = limitOf(scope, q.Type).arguments(args, scope, m)
	}
	if s.watermark {
		args = append(args, s.bounds.asOfArg())
	}
	if c := s.bounds.after; c != nil {
		args = append(args, c.base.time(), c.base.idArg())
	}
	if c := s.bounds.before; c != nil {
		args = append(args, c.at.time(), c.at.idArg())
	}
	if traits&traitScan != 0 {
		args = append(args, s.db.opts.MaxScanned+1)
	}
	if s.limit > 0 {
		return append(args, s.limit+1+len(s.bounds.seen())), nil
	}
	return append(args, s.max+1), nil
}

// ownerKind is how the ids of an edge's owners are stored. Link tables do not say; their owners are numbered types.
func ownerKind(m *model, e *catalogue.Edge) sqlKind {
	if e.By == nil {
		return kindNumberID
	}
	return kindOf(e.Target, e.By)
}

func parentsArg(p *Parents, kind sqlKind) any {
	if len(p.IDs) == 1 {
		return idArg(kind, p.IDs[0])
	}
	ids := make(array, len(p.IDs))
	for i, id := range p.IDs {
		ids[i] = idArg(kind, id)
	}
	return ids
}

func appendConditionArgs(args []any, m *model, c *Condition) ([]any, error) {
	col, err := m.column(c.Field)
	if err != nil {
		return nil, err
	}
	switch c.Op {
	case IsNull, NotNull:
		return args, nil
	case Range:
		for _, v := range c.Values {
			if v == nil {
				continue
			}
			a, err := conditionValue(col, c.Op, v)
			if err != nil {
				return nil, err
			}
			args = append(args, a)
		}
		return args, nil
	}
	values := make(array, 0, len(c.Values))
	for _, v := range c.Values {
		a, err := conditionValue(col, c.Op, v)
		if err != nil {
			return nil, err
		}
		values = append(values, a)
	}
	switch len(values) {
	case 0:
		return args, nil
	case 1:
		if from, to, ok := m.between(c); ok {
			return append(args, values[0], from, to), nil
		}
		return append(args, values[0]), nil
	}
	return append(args, values), nil
}

var patternEscapes = strings.NewReplacer(`\`, `\\`, `_`, `\_`)

// conditionValue is nil, and equals nothing, for an id that no row can have.
func conditionValue(col column, op Op, v any) (any, error) {
	if op == Like || op == LikeFold {
		s, ok := v.(string)
		if !ok || col.kind != kindText {
			return nil, fmt.Errorf("store: only text can be matched with patterns, not %s", col.name)
		}
		return patternEscapes.Replace(s), nil
	}
	a, err := encode(col.kind, v, false)
	if errors.Is(err, errNotAnID) {
		return nil, nil
	}
	return a, err
}
