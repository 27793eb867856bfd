// Package ddl derives the tables and indexes of the catalogue's types, and prints them as statements that PostgreSQL and
// CockroachDB both accept and that may run again. It opens no connection.
package ddl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Schema is all that the catalogue needs in a database, in the order of its types.
type Schema struct {
	Tables  []*Table
	Indexes []*Index
}

// Table is one table. Its primary key is account_id and then Key.
type Table struct {
	Name    string
	Columns []*Column
	Key     []string
}

// Column is one column of a table.
type Column struct {
	Name    string
	SQL     string // TEXT, INT8, FLOAT8, BOOL, TIMESTAMPTZ, JSONB, UUID
	NotNull bool
}

// Index is a secondary index over account_id and then Columns.
type Index struct {
	Name    string
	Table   string
	Columns []string
	Unique  bool
	Partial string // column that must not be NULL; empty: all rows
}

// Of derives the schema of a catalogue.
func Of(c *catalogue.Catalogue) *Schema {
	s := &Schema{}
	for _, t := range c.Types() {
		s.addType(t)
	}
	for _, t := range c.Types() {
		for _, e := range t.Edges {
			s.addLink(t, e)
		}
	}
	for _, t := range c.Types() {
		s.addIndexes(t)
	}
	for _, t := range c.Abstract() {
		if t.Plural != "" { // its search is for rows of all kinds
			s.addIndex(&Index{Table: t.Table, Columns: []string{"created_on", "id"}})
		}
	}
	return s
}

// Table finds a table by name; nil if there is none.
func (s *Schema) Table(name string) *Table {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// column finds a column by name; nil if there is none.
func (t *Table) column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// addType adds a type's columns. In a shared table a column may be NULL if any of the types lacks it or allows it.
func (s *Schema) addType(t *catalogue.Type) {
	table := s.Table(t.Table)
	shared := table != nil
	if !shared {
		table = &Table{Name: t.Table, Key: []string{"id"}, Columns: []*Column{{Name: "account_id", SQL: "TEXT", NotNull: true}}}
		s.Tables = append(s.Tables, table)
	}
	has := map[string]bool{"account_id": true}
	for _, f := range t.Fields {
		has[f.Column] = true
		c := table.column(f.Column)
		if c == nil {
			table.Columns = append(table.Columns, &Column{Name: f.Column, SQL: sqlType(t, f), NotNull: !f.Null && !shared})
		} else if f.Null {
			c.NotNull = false
		}
	}
	for _, c := range table.Columns {
		if !has[c.Name] {
			c.NotNull = false
		}
	}
}

func sqlType(t *catalogue.Type, f *catalogue.Field) string {
	switch f.Kind {
	case catalogue.Int:
		return "INT8"
	case catalogue.Float:
		return "FLOAT8"
	case catalogue.Bool:
		return "BOOL"
	case catalogue.Time:
		return "TIMESTAMPTZ"
	case catalogue.JSON:
		return "JSONB"
	case catalogue.IDValue:
		if f.Ref != nil {
			return idType(f.Ref)
		}
		return idType(t)
	}
	return "TEXT"
}

func idType(t *catalogue.Type) string {
	if t.IDKind == catalogue.UUID {
		return "UUID"
	}
	return "INT8"
}

// addLink adds a connection's link table, once for its two directions, with an index for the way back.
func (s *Schema) addLink(t *catalogue.Type, e *catalogue.Edge) {
	if e.Link == nil || s.Table(e.Link.Table) != nil {
		return
	}
	owner, target := e.Link.OwnerColumn, e.Link.Target
	s.Tables = append(s.Tables, &Table{Name: e.Link.Table, Key: []string{owner, target}, Columns: []*Column{
		{Name: "account_id", SQL: "TEXT", NotNull: true},
		{Name: owner, SQL: idType(t), NotNull: true},
		{Name: target, SQL: idType(e.Target), NotNull: true},
	}})
	s.addIndex(&Index{Table: e.Link.Table, Columns: []string{target, owner}})
}

// addIndexes adds a type's unique keys, the index of its search order, those of the connections that lead to it, and what its
// declaration asks for.
func (s *Schema) addIndexes(t *catalogue.Type) {
	for _, u := range t.Uniques {
		x := &Index{Name: u.Name, Table: t.Table, Columns: columns(u.Fields), Unique: true}
		if len(u.Fields) == 1 && u.Fields[0].Null && !slices.Contains(t.Key, u.Fields[0]) {
			x.Partial = u.Fields[0].Column // most rows have none
		}
		s.addIndex(x)
	}
	search := []string{"created_on", "id"}
	if t.Discriminator != nil {
		search = append([]string{t.Discriminator.Column}, search...)
	}
	s.addIndex(&Index{Table: t.Table, Columns: search})
	for _, fields := range t.Indexes {
		x := &Index{Table: t.Table, Columns: columns(fields)}
		if len(fields) == 1 && fields[0].Null {
			x.Partial = fields[0].Column
		}
		s.addIndex(x)
	}
	for _, e := range t.Edges {
		if e.By != nil {
			s.addIndex(&Index{Table: e.Target.Table, Columns: []string{e.By.Column, "created_on", "id"}})
		}
	}
	for _, e := range t.Connections()[len(t.Edges):] { // they are read whole, without pages: any index that begins with the reference does
		if !slices.ContainsFunc(e.Target.Indexes, func(fields []*catalogue.Field) bool { return fields[0] == e.By }) {
			s.addIndex(&Index{Table: e.Target.Table, Columns: []string{e.By.Column, "created_on", "id"}})
		}
	}
}

func columns(fields []*catalogue.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Column
	}
	return out
}

// addIndex names an index that has no name yet, and leaves out what is there already.
func (s *Schema) addIndex(x *Index) {
	if x.Name == "" {
		x.Name = x.Table + "_" + strings.Join(x.Columns, "_") + "_idx"
	}
	if !slices.ContainsFunc(s.Indexes, func(y *Index) bool { return y.Name == x.Name }) {
		s.Indexes = append(s.Indexes, x)
	}
}

// Statements prints the whole schema, one statement each, without semicolons.
func (s *Schema) Statements() []string {
	var out []string
	for _, t := range s.Tables {
		out = append(out, t.Create())
	}
	for _, x := range s.Indexes {
		out = append(out, x.Create())
	}
	return out
}

// Create prints the table's statement, a column in each line.
func (t *Table) Create() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n", t.Name)
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "    %s,\n", c)
	}
	fmt.Fprintf(&b, "    CONSTRAINT %s_pkey PRIMARY KEY (account_id, %s)\n)", t.Name, strings.Join(t.Key, ", "))
	return b.String()
}

// Loosen prints the statement that lets the column be NULL, of a table that did not.
func (c *Column) Loosen(table string) string {
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", table, c.Name)
}

// String is the column as CREATE TABLE has it.
func (c *Column) String() string {
	if c.NotNull {
		return c.Name + " " + c.SQL + " NOT NULL"
	}
	return c.Name + " " + c.SQL
}

// Add prints the statement that adds the column to a table that has rows. Values that must be there begin as zero.
func (c *Column) Add(table string) string {
	text := fmt.Sprintf("ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s", table, c)
	if !c.NotNull {
		return text
	}
	zero := map[string]string{"TEXT": "''", "INT8": "0", "FLOAT8": "0", "BOOL": "FALSE", "TIMESTAMPTZ": "now()"}
	return text + " DEFAULT " + zero[c.SQL]
}

// Create prints the index's statement.
func (x *Index) Create() string {
	unique, where := "", ""
	if x.Unique {
		unique = "UNIQUE "
	}
	if x.Partial != "" {
		where = " WHERE " + x.Partial + " IS NOT NULL"
	}
	return fmt.Sprintf("CREATE %sINDEX IF NOT EXISTS %s ON %s (account_id, %s)%s", unique, x.Name, x.Table, strings.Join(x.Columns, ", "), where)
}
