package store

import (
	"fmt"
	"reflect"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// sqlKind is how a column's value is stored and travels.
type sqlKind uint8

const (
	kindText sqlKind = iota
	kindInt
	kindFloat
	kindBool
	kindTime
	kindJSON
	kindNumberID
	kindUUID
)

// castType names the SQL type of parameters.
func (k sqlKind) castType() string {
	switch k {
	case kindInt, kindNumberID:
		return "INT8"
	case kindFloat:
		return "FLOAT8"
	case kindBool:
		return "BOOL"
	case kindTime:
		return "TIMESTAMPTZ"
	case kindUUID:
		return "UUID"
	default: // JSON travels as text: CockroachDB has no arrays of it
		return "TEXT"
	}
}

// column is a field of a type as its table has it.
type column struct {
	field *catalogue.Field
	name  string
	kind  sqlKind
}

// model is what the store knows of a type, derived once.
type model struct {
	typ     *catalogue.Type
	columns []column // of an abstract type: of all members, each column once
	byField map[*catalogue.Field]column
	id      column
	created column
	updated column
	// kinds is the index of the discriminator among columns; -1: the table is not shared.
	kinds   int
	insert  inserting // of rows of which some have values in columns that seldom have any
	common  inserting // of other rows
	lookups map[lookupForm]string
	key     []column
	placed  [2]placed // where rows are that may be seen, and that may be changed
	reached string    // the ids of rows at locations, some more than once, with marks; empty: no set of them can be told
	// aggregate reads the type's parts; nil: it has none.
	aggregate *aggregate
	indexes   [][]string // columns, behind the account
	partial   []string   // columns whose index has only rows with a value
	bytewise  bool       // the database orders texts by their bytes
}

// learn derives a model for each type of the catalogue.
func (db *DB) learn(c *catalogue.Catalogue) error {
	db.byGo = make(map[reflect.Type]*catalogue.Type)
	db.models = make(map[*catalogue.Type]*model)
	db.uniques = make(map[string]uniqueKey)
	for _, t := range c.Types() {
		m, err := newModel(t)
		if err != nil {
			return err
		}
		m.insert = inserting{m.columns, m.insertText(m.columns)}
		m.common = m.insert
		if few := common(m.columns); len(few) < len(m.columns) {
			m.common = inserting{few, m.insertText(few)}
		}
		db.models[t] = m
		db.byGo[t.Go] = t
		for _, u := range t.Uniques {
			db.uniques[u.Name] = uniqueKey{typ: t, fields: u.Fields, taken: u.Taken}
		}
		db.uniques[t.Table+"_pkey"] = uniqueKey{typ: t, fields: []*catalogue.Field{m.id.field}, taken: fault.CodeExists}
	}
	for _, t := range c.Abstract() {
		m, err := db.abstractModel(t)
		if err != nil {
			return err
		}
		db.models[t] = m
		for _, member := range t.Members { // whichever member a row is, the key is the interface's
			for _, u := range member.Uniques {
				db.uniques[u.Name] = uniqueKey{typ: t, fields: u.Fields, taken: u.Taken}
			}
			db.uniques[t.Table+"_pkey"] = uniqueKey{typ: t, fields: []*catalogue.Field{m.id.field}, taken: fault.CodeExists}
		}
	}
	db.deriveAggregates(c)
	db.deriveDocuments(c)
	db.learnIndexes(c)
	db.learnEnds(c)
	return nil
}

func newModel(t *catalogue.Type) (*model, error) {
	m := &model{typ: t, byField: make(map[*catalogue.Field]column, len(t.Fields)), kinds: -1}
	for _, f := range t.Fields {
		m.add(t, f)
	}
	return m, m.complete()
}

// abstractModel has the columns of all members, so that one statement reads rows of any of them.
func (db *DB) abstractModel(t *catalogue.Type) (*model, error) {
	m := &model{typ: t, byField: make(map[*catalogue.Field]column), kinds: -1}
	for _, f := range t.Fields {
		m.add(t, f)
	}
	for _, member := range t.Members {
		for _, f := range member.Fields {
			m.add(member, f)
		}
	}
	return m, m.complete()
}

func (m *model) add(t *catalogue.Type, f *catalogue.Field) {
	c := column{field: f, name: f.Column, kind: kindOf(t, f)}
	if _, known := m.byField[f]; known {
		return
	}
	m.byField[f] = c
	for _, other := range m.columns {
		if other.name == c.name {
			return
		}
	}
	m.columns = append(m.columns, c)
	switch f.Column {
	case "id":
		m.id = c
	case "created_on":
		m.created = c
	case "updated_on":
		m.updated = c
	}
	if d := m.typ.Discriminator; d != nil && d.Column == f.Column {
		m.kinds = len(m.columns) - 1
	}
}

func (m *model) complete() error {
	for _, c := range []column{m.id, m.created, m.updated} {
		if c.field == nil {
			return fmt.Errorf("type %s: every entity needs the columns id, created_on and updated_on", m.typ.Name)
		}
	}
	m.placeTexts()
	return m.lookupTexts()
}

func kindOf(t *catalogue.Type, f *catalogue.Field) sqlKind {
	switch f.Kind {
	case catalogue.Int:
		return kindInt
	case catalogue.Float:
		return kindFloat
	case catalogue.Bool:
		return kindBool
	case catalogue.Time:
		return kindTime
	case catalogue.JSON:
		return kindJSON
	case catalogue.IDValue:
		if f.Ref != nil {
			t = f.Ref
		}
		return idKind(t)
	default:
		return kindText
	}
}

func idKind(t *catalogue.Type) sqlKind {
	if t.IDKind == catalogue.UUID {
		return kindUUID
	}
	return kindNumberID
}

// model finds what is known of a type; asking for one that is not in the catalogue is a programmer's error.
func (db *DB) model(t *catalogue.Type) (*model, error) {
	if m, ok := db.models[t]; ok {
		return m, nil
	}
	if t == nil {
		return nil, fmt.Errorf("store: no type given")
	}
	return nil, fmt.Errorf("store: type %s is not in the catalogue that the store was opened with", t.Name)
}

func (m *model) column(f *catalogue.Field) (column, error) {
	c, ok := m.byField[f]
	if !ok {
		name := "nil"
		if f != nil {
			name = f.Name
		}
		return column{}, fmt.Errorf("store: type %s has no field %s", m.typ.Name, name)
	}
	return c, nil
}
