package store

import (
	"context"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	limits "github.com/fluent-oms/fluent/domain/limit"
)

// Op is how a Condition compares a field with its values.
type Op int

// The comparisons. All but LikeFold are case-sensitive.
const (
	In       Op = iota // equal to one of Values, or for JSON containing one of them; no values: nothing matches
	Like               // matches one of Values, in which % stands for any characters and nothing else is special
	LikeFold           // Like without regard to case
	Range              // Values are [from, to], both included; nil leaves an end open
	IsNull             // has no value; Values are ignored
	NotNull            // has a value; Values are ignored
)

// Condition limits a Query by one stored field of its type. Values are Go values of the field's kind: string, catalogue.ID, int, int64,
// float64, bool, time.Time. An id that cannot be one (letters for a number) matches nothing.
type Condition struct {
	Field  *catalogue.Field
	Op     Op
	Values []any
}

// Match is the Condition of a search argument: Like where a value contains %, else In.
func Match(f *catalogue.Field, values ...string) Condition {
	c := Condition{Field: f, Op: In, Values: make([]any, len(values))}
	for i, v := range values {
		c.Values[i] = v
		if strings.Contains(v, "%") {
			c.Op = Like
		}
	}
	return c
}

// Parents asks for the rows at the far end of an edge, for many owners at once. Result.Groups then has one Group for each of IDs, in
// their order, also for owners without rows.
//
// Where the owners are themselves the far end of an edge, of one known owner, Of may say so instead of IDs: they need not be read first. Groups
// are then those of owners with rows, in no order.
type Parents struct {
	Edge *catalogue.Edge
	IDs  []catalogue.ID
	Of   *Owners
}

// Owners are the first rows at the far end of an edge of one entity, in the order of pages.
type Owners struct {
	Edge  *catalogue.Edge // not one with a link table; its target is the type that Parents.Edge begins at
	ID    catalogue.ID
	First int
}

// Page asks for First rows after a cursor or for Last rows before one; with Parents it applies to each parent by itself. The zero Page
// means all rows, up to the store's ceiling (Options.MaxRows), past which Select fails with fault TooLarge.
type Page struct {
	First  int
	Last   int
	After  string
	Before string
}

// Query is one read of one type. It becomes exactly one SQL statement. Rows are ordered by (created_on, id).
type Query struct {
	Type    *catalogue.Type
	Fields  []*catalogue.Field // what to return, in this order; nil: all fields of the type
	Where   []Condition        // all must hold
	Parents *Parents           // nil: search the whole account
	Page    Page
	// NoCursors leaves Group.Cursors nil, which saves time when nobody asked for them.
	NoCursors bool
	// Follow is for the pages of clients, who keep cursors for as long as they like: behind the last cursor of a page comes each row that the reader
	// has not seen, once, also one that was written before and committed later. A search for what was updated since a time stays behind Horizon,
	// and all its pages look at the changes up to where that was for the first. Asked is what such cursors belong to, beside account, type and
	// edge: a text of the filters as the client gave them. Others' cursors are refused.
	Follow bool
	Asked  string
	// Bounded is for searches by what a client gives: if no index serves one of the conditions, and the page is not full when Options.MaxScanned rows
	// were looked at, which indexes lead to, the read fails with fault TooLarge, which says what to do.
	Bounded bool
	// Totals asks for sums of the rows at the far end of an edge, instead of the rows: Parents says of which; Fields and Page are ignored, and
	// owners without rows have no group.
	Totals *catalogue.Total
	// Budget is what the query's rows are taken from, with those of others; nil: there is none.
	Budget *RowBudget
}

// RowBudget is how many rows some queries may return together, past which they fail with fault TooLarge. It is used by one goroutine at a time.
type RowBudget struct{ most, left int }

// NewRowBudget makes a budget of so many rows.
func NewRowBudget(rows int) *RowBudget { return &RowBudget{most: rows, left: rows} }

// take takes rows from the budget, or gives them back; false if it has not so many.
func (b *RowBudget) take(rows int) bool {
	if b == nil {
		return true
	}
	b.left -= rows
	return b.left >= 0
}

func (b *RowBudget) spent() error {
	return limits.RowsRead.Reached(fault.TooLarge, int64(b.most), "The request reads more than %d rows; ask for smaller pages, or less at once", b.most).WithCode(fault.CodeTooMuch)
}

// Result is what a Query found: one Group without Parents, else one for each parent.
type Result struct {
	Groups []Group
}

// Group is one page. Values in Rows are in the order of Query.Fields: string, int64, float64, bool, time.Time (UTC), catalogue.ID or
// json.RawMessage, by the field's kind; nil for NULL.
type Group struct {
	Parent      catalogue.ID
	Rows        [][]any
	Cursors     []string // one for each row
	HasNext     bool     // there are rows after the last one (and, with Page.Before, also beyond that)
	HasPrevious bool     // there are rows before the first one
}

// Key is the natural key of an entity: values in the order of Type.Key.
type Key []any

// Select runs a query in one statement and one round trip.
func (r *Reader) Select(ctx context.Context, q Query) (*Result, error) {
	res, err := r.SelectAll(ctx, q)
	if err != nil {
		return nil, err
	}
	return res[0], nil
}

// SelectAll runs several queries, one statement each, in one round trip together. Results are in the order of the queries.
func (r *Reader) SelectAll(ctx context.Context, queries ...Query) ([]*Result, error) {
	p := r.Pipeline()
	out := make([]*Result, len(queries))
	for i := range queries {
		out[i] = p.Select(queries[i])
	}
	return out, p.Run(ctx)
}
