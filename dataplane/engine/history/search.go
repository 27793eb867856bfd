package history

import (
	"context"
	"sort"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// The limits of a search.
const (
	DefaultCount = 100
	MaxCount     = 5000
	maxStart     = 100_000
	defaultBack  = 30 * 24 * time.Hour
	maxBack      = 124 * 24 * time.Hour // about four months
	maxAhead     = 31 * 24 * time.Hour  // about one month
	fewTrails    = 20                   // turns, or waiting events, that a search reads first
	trailPage    = 200                  // of them that it reads at a time if they are small
	maxTrails    = 20_000               // turns that one search reads at most
)

// MaxBytes bounds what a search holds: the length, as JSON, of the turns that it took something from, and of waiting events. Callers choose their
// events' attributes.
const MaxBytes = 64 << 20

// Query selects items of the event log. Empty members do not limit.
type Query struct {
	RootEntityType, RootEntityID, RootEntityRef string
	EntityType, EntityID, EntityRef             string
	SourceEvents                                string // id of a parent event
	EventID, Name, Category                     string
	RetailerID                                  string
	EventType                                   string // ORCHESTRATION, ORCHESTRATION_AUDIT, …
	EventStatus                                 string // COMPLETE and SUCCESS find each other
	From, To                                    time.Time
	Start, Count                                int

	follows bool // From was given: see follow.go
	open    bool // it goes on, for To is far ahead
}

// Page is one page of a search, newest first.
type Page struct {
	Start   int    `json:"start"`
	Count   int    `json:"count"`
	HasMore bool   `json:"hasMore"`
	Results []Item `json:"results"`
}

// Log reads the event log of accounts.
type Log struct{ db *store.DB }

// NewLog makes a reader of the event log.
func NewLog(db *store.DB) *Log { return &Log{db: db} }

// normal fills defaults and refuses what the event API refuses.
func (q Query) normal(now time.Time) (Query, error) {
	if q.To.IsZero() {
		q.To = now.Add(maxAhead)
	}
	q.follows = !q.From.IsZero()
	if q.From.IsZero() {
		q.From = now.Add(-defaultBack)
	}
	if q.From.Before(now.Add(-maxBack)) {
		return q, fault.Invalidf("from", "at most four months back")
	}
	if q.To.After(now.Add(maxAhead + time.Minute)) {
		return q, fault.Invalidf("to", "at most one month ahead")
	}
	if q.Count == 0 {
		q.Count = DefaultCount
	}
	if q.Count < 0 || q.Count > MaxCount {
		return q, fault.Invalidf("count", "want 1 to %d", MaxCount)
	}
	if q.Start < 0 || q.Start > maxStart {
		return q, fault.Invalidf("start", "want 0 to %d", maxStart)
	}
	q.RootEntityType, q.EntityType = workflow.EntityTypeName(q.RootEntityType), workflow.EntityTypeName(q.EntityType)
	if q.EventStatus == "COMPLETE" {
		q.EventStatus = string(eventstore.Success)
	}
	return q, nil
}

// Search lists items, newest first. It reads a bounded number of turns; filters that find little in a large log end there, with what
// was found, or where From was given with fault TooLarge.
func (l *Log) Search(ctx context.Context, scope tenancy.Scope, q Query) (*Page, error) {
	now := l.db.Now(ctx)
	q, err := q.normal(now)
	if err != nil {
		return nil, err
	}
	if q.EventID != "" {
		return l.searchID(ctx, scope, q)
	}
	s := &search{q: q, scope: scope, sight: newSight(ctx, l.db, scope), r: l.db.Reader(scope), want: q.Start + q.Count + 1}
	if err := s.follow(ctx, now); err != nil {
		return nil, err
	}
	if err := s.waiting(ctx); err != nil {
		return nil, err
	}
	if err := s.turns(ctx); err != nil {
		return nil, err
	}
	return s.page(), nil
}

func (l *Log) searchID(ctx context.Context, scope tenancy.Scope, q Query) (*Page, error) {
	s := &search{q: q, scope: scope, sight: newSight(ctx, l.db, scope)}
	it, err := l.Get(ctx, scope, q.EventID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if it != nil {
		if err := s.sight.look(ctx, *it); err != nil {
			return nil, err
		}
		s.offer(*it)
		s.settle(time.Time{})
	}
	return s.page(), nil
}

// Get reads one item by id: an event that waits, one that ran, an inline event or an audit item.
func (l *Log) Get(ctx context.Context, scope tenancy.Scope, id string) (*Item, error) {
	r := l.db.Reader(scope)
	missing := fault.NotFoundf("no event %s", id)
	if !store.IsUUID(id) {
		return nil, missing
	}
	row, err := eventstore.Get(ctx, r, id)
	if err != nil {
		return nil, err
	}
	turn := TurnOf(id)
	if row != nil {
		if row.TurnID == "" {
			it := Waiting(row)
			return l.visible(ctx, scope, &it, missing)
		}
		turn = row.TurnID
	}
	stored, err := trailstore.Get(ctx, r, turn)
	if err != nil || stored == nil {
		if err == nil && row != nil {
			it := Waiting(row) // its trail is past keeping
			return l.visible(ctx, scope, &it, missing)
		}
		return nil, orMissing(err, missing)
	}
	t, err := Decode(stored)
	if err != nil {
		return nil, err
	}
	for _, it := range Expand(scope.Account(), t) {
		if it.ID == id {
			return l.visible(ctx, scope, &it, missing)
		}
	}
	return nil, missing
}

func orMissing(err error, missing *fault.Error) error {
	if err != nil {
		return err
	}
	return missing
}

func (l *Log) visible(ctx context.Context, scope tenancy.Scope, it *Item, missing *fault.Error) (*Item, error) {
	s := newSight(ctx, l.db, scope)
	if err := s.look(ctx, *it); err != nil {
		return nil, err
	}
	if !s.shows(it) {
		return nil, missing
	}
	return it, nil
}

func allows(scope tenancy.Scope, retailer string) bool {
	n, err := strconv.ParseInt(retailer, 10, 32)
	return err == nil && scope.Allows(tenancy.RetailerID(n))
}

// search collects items in order. Items of a turn are not later than the turn, so an item that is not earlier than the next turn can be given
// out.
type search struct {
	q     Query
	scope tenancy.Scope
	sight *sight
	r     *store.Reader
	want  int
	held  []Item // may still be overtaken
	found []Item
	bytes int // of the turns that they are from, and of waiting events

	horizon time.Time // items are shown that are older; zero: all are
}

// slack is how long before its turn an item may have been generated and still be found at the upper end of a search.
const slack = time.Hour

func (s *search) turns(ctx context.Context) error {
	tq := trailstore.Query{From: s.q.From.Add(-skew), To: s.q.To.Add(slack), Limit: fewTrails, Keys: s.keys()}
	if s.q.RootEntityType != "" && s.q.RootEntityID != "" {
		tq.RootType, tq.RootID = s.q.RootEntityType, s.q.RootEntityID
	}
	if s.q.SourceEvents != "" {
		return s.children(ctx, tq)
	}
	for read := 0; read < maxTrails && len(s.found) < s.want; {
		rows, err := trailstore.List(ctx, s.r, tq)
		if err != nil {
			return err
		}
		if err := s.lookAt(ctx, rows); err != nil {
			return err
		}
		for i := range rows {
			s.settle(rows[i].GeneratedOn)
			if err := s.take(&rows[i]); err != nil {
				return err
			}
		}
		if read += len(rows); len(rows) < tq.Limit {
			break
		}
		if read >= maxTrails {
			if err := s.full("turns", maxTrails); err != nil {
				return err
			}
		}
		last, bytes := rows[len(rows)-1], 0
		for i := range rows {
			bytes += len(rows[i].Body)
		}
		tq.Before, tq.BeforeID, tq.Limit = last.GeneratedOn, last.TurnID, nextPage(len(rows), bytes)
	}
	s.settle(time.Time{})
	return nil
}

// nextPage is how many rows to read after those that were read: as many as take some megabytes if they are as long.
func nextPage(rows, bytes int) int {
	return max(1, min(trailPage, rows*(4<<20)/(bytes+1)))
}

// children finds what an event caused: in its own turn, and in turns of events that it sent elsewhere.
func (s *search) children(ctx context.Context, tq trailstore.Query) error {
	if !store.IsUUID(s.q.SourceEvents) {
		return nil
	}
	turn := TurnOf(s.q.SourceEvents)
	if row, err := eventstore.Get(ctx, s.r, s.q.SourceEvents); err != nil {
		return err
	} else if row != nil && row.TurnID != "" {
		turn = row.TurnID
	}
	own, err := trailstore.Get(ctx, s.r, turn)
	if err != nil {
		return err
	}
	tq.Keys, tq.Limit = append(tq.Keys, parentKey(s.q.SourceEvents)), trailPage
	rows, err := trailstore.List(ctx, s.r, tq)
	if err != nil {
		return err
	}
	if own != nil {
		rows = append(rows, *own)
	}
	if err := s.lookAt(ctx, rows); err != nil {
		return err
	}
	for i := range rows {
		if err := s.take(&rows[i]); err != nil {
			return err
		}
	}
	s.settle(time.Time{})
	return nil
}

func (s *search) take(row *trailstore.Trail) error {
	t, err := Decode(row)
	if err != nil {
		return err
	}
	before := len(s.held)
	for _, it := range Expand(s.scope.Account(), t) {
		s.offer(it)
	}
	if len(s.held) == before {
		return nil
	}
	return s.hold(t.length)
}

// hold counts the length of what was taken.
func (s *search) hold(length int) error {
	if s.bytes += length; s.bytes > MaxBytes {
		return fault.Invalidf("count", "What was found is longer than %d MB: ask for fewer at a time, or for less than all", MaxBytes>>20).WithCode(fault.CodeTooMuch)
	}
	return nil
}

// keys are the filters that the inverted index serves.
func (s *search) keys() []string {
	var keys []string
	if s.q.Name != "" && s.q.EventType == orchestration {
		keys = append(keys, nameKey(s.q.Name))
	}
	if s.q.EntityType != "" && s.q.EntityID != "" {
		keys = append(keys, entityKey(s.q.EntityType, s.q.EntityID))
	}
	if s.q.EntityType != "" && s.q.EntityRef != "" {
		keys = append(keys, refKey(s.q.EntityType, s.q.EntityRef))
	}
	if st := s.q.EventStatus; s.q.EventType == orchestration && (st == string(eventstore.NoMatch) || st == string(eventstore.Failed)) {
		keys = append(keys, stateKey(st))
	}
	return keys
}

func (s *search) offer(it Item) (taken bool) {
	if taken = s.q.matches(&it) && !s.young(&it) && s.sight.shows(&it); taken {
		s.held = append(s.held, it)
	}
	return taken
}

// settle moves held items that are not earlier than t to what was found.
func (s *search) settle(t time.Time) {
	sort.SliceStable(s.held, func(i, j int) bool { return newer(&s.held[i], &s.held[j]) })
	n := 0
	for n < len(s.held) && !s.held[n].GeneratedOn.Before(t) {
		n++
	}
	s.found = append(s.found, s.held[:n]...)
	s.held = append([]Item(nil), s.held[n:]...)
}

func newer(a, b *Item) bool {
	if !a.GeneratedOn.Equal(b.GeneratedOn.Time) {
		return a.GeneratedOn.After(b.GeneratedOn.Time)
	}
	return a.ID > b.ID
}

func (s *search) page() *Page {
	p := &Page{Start: s.q.Start, Results: []Item{}}
	if s.q.Start < len(s.found) {
		end := min(s.q.Start+s.q.Count, len(s.found))
		p.Results = s.found[s.q.Start:end]
		p.HasMore = end < len(s.found)
	}
	p.Count = len(p.Results)
	return p
}

func (q *Query) matches(it *Item) bool {
	status := it.EventStatus
	if status == "COMPLETE" {
		status = string(eventstore.Success)
	}
	for _, c := range [][2]string{
		{q.RootEntityType, it.Context.RootEntityType}, {q.RootEntityID, it.Context.RootEntityID}, {q.RootEntityRef, it.Context.RootEntityRef},
		{q.EntityType, it.Context.EntityType}, {q.EntityID, it.Context.EntityID}, {q.EntityRef, it.Context.EntityRef},
		{q.Name, it.Name}, {q.Category, it.Category}, {q.RetailerID, it.RetailerID}, {q.EventType, it.Type}, {q.EventStatus, status},
	} {
		if c[0] != "" && c[0] != c[1] {
			return false
		}
	}
	if q.SourceEvents != "" && !contains(it.Context.SourceEvents, q.SourceEvents) {
		return false
	}
	return !q.after(it).Before(q.From) && !it.GeneratedOn.After(q.To)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
