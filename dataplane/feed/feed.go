// Package feed lets callers follow what changes in an account: from a token on, at least once, and what hangs on one root in order. It reads the rows
// that each commit leaves (dataplane/store, changed.go), and the entities as they are now, with the caller's own eyes.
package feed

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/words"
	"github.com/fluent-oms/fluent/tenancy"
)

// Permission is what followers need, beside that to view each type.
const Permission = "CHANGEFEED_VIEW"

// Where a follower without a token begins.
const (
	Start = "start" // with all that there is, and then what changes
	Now   = "now"   // with what changes from now on
)

// The bounds of a page, and of followers.
const (
	StandardLimit = 100
	MostLimit     = 1000
	MostTypes     = 20
	MostFollowers = 32 // that wait or stream at one node, of one account
	LongestWait   = time.Minute

	rowsAtOnce = 200 // rows of the feed that one statement reads
)

// Config is how patient a service is. Zero values are replaced by the defaults in brackets.
type Config struct {
	Poll   time.Duration // how often the feed is read while nothing changes [500ms]
	Stream time.Duration // how long a stream lasts; it is less than a gateway lets an answer take [100s]
	Idle   time.Duration // how long a stream says nothing [10s]
}

// Deps are what a service stands on. Ending is closed when the node is about to stop.
type Deps struct {
	DB         *store.DB
	Ending     <-chan struct{}
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: not counted
}

// Service answers followers.
type Service struct {
	Deps
	cfg     Config
	reading reading
	figures figures

	mu    sync.Mutex
	under map[tenancy.AccountID]int // followers that wait
}

// New makes a service.
func New(d Deps, cfg Config) *Service {
	for _, x := range []struct {
		to  *time.Duration
		def time.Duration
	}{{&cfg.Poll, 500 * time.Millisecond}, {&cfg.Stream, 100 * time.Second}, {&cfg.Idle, 10 * time.Second}} {
		if *x.to <= 0 {
			*x.to = x.def
		}
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d, cfg: cfg, reading: reading{d.DB}, figures: newFigures(d.Registerer), under: map[tenancy.AccountID]int{}}
}

// Request is what a follower asks for.
type Request struct {
	Types string        // names of the catalogue, with commas between them
	From  string        // Start, Now or a token
	Limit int           // most changes of a page: StandardLimit where the caller says nothing
	Wait  time.Duration // how long to wait for the first one
}

// Page is an answer.
type Page struct {
	Changes []Change `json:"changes"`
	Next    string   `json:"next,omitempty"` // the token to go on with
	More    bool     `json:"more"`           // there is more at once
	Reset   *Reset   `json:"reset,omitempty"`
}

// Reset says that a token serves no more: the follower begins anew.
type Reset struct {
	Reason  store.Lost `json:"reason"`
	Message string     `json:"message"`
}

var resets = map[store.Lost]string{
	store.LostExpired:  "What changed behind this token is not kept any more. Begin with start.",
	store.LostRestored: "The account was restored from a backup that is older than this token. Begin with start.",
	store.LostOlder:    "Nodes of an older release have worked since, which do not tell what they change. Begin with start.",
	store.LostClock:    "The database's clock was set back behind this token. Begin with start.",
}

// follower is a request that was understood.
type follower struct {
	types []*catalogue.Type            // concrete ones, in the order of their names
	named map[string][]*catalogue.Type // those that something may be of which a row calls so: a row may name what several types have in common
	names string
	from  token
	begin string // Start or Now; empty: from
	limit int
}

// understand reads a request of a caller.
func (s *Service) understand(who *tenant.Principal, q Request) (*follower, error) {
	f := &follower{limit: q.Limit}
	if f.limit < 1 || f.limit > MostLimit {
		return nil, fault.Invalidf("limit", "Want a limit from 1 to %d", MostLimit)
	}
	if q.Wait < 0 || q.Wait > LongestWait {
		return nil, fault.Invalidf("wait", "Want a wait from 0 to %d seconds", int(LongestWait/time.Second))
	}
	for name := range strings.SplitSeq(q.Types, ",") {
		t := s.DB.Catalogue().Type(name)
		if t == nil {
			return nil, words.Unknown(name, s.names()).At("types")
		}
		for _, of := range t.Concrete() {
			if !slices.Contains(f.types, of) {
				f.types = append(f.types, of)
			}
		}
	}
	if len(f.types) > MostTypes {
		return nil, fault.Invalidf("types", "Want %d types at most", MostTypes)
	}
	slices.SortFunc(f.types, func(a, b *catalogue.Type) int { return strings.Compare(a.Name, b.Name) })
	names := make([]string, len(f.types))
	for i, t := range f.types {
		names[i] = t.Name
	}
	f.names, f.named = strings.Join(names, ","), map[string][]*catalogue.Type{}
	for _, kind := range slices.Concat(s.DB.Catalogue().Types(), s.DB.Catalogue().Abstract()) {
		for _, t := range f.types {
			if kind.Holds(t) {
				f.named[kind.Name] = append(f.named[kind.Name], t)
			}
		}
	}
	if err := f.may(who); err != nil {
		return nil, err
	}
	return f, f.place(string(who.Account), q.From)
}

func (f *follower) place(account, from string) error {
	switch from {
	case "", Start:
		f.begin = Start
	case Now:
		f.begin = Now
	default:
		t, err := parseToken(from, account, f.names, len(f.types))
		if err != nil {
			return err
		}
		f.from = *t
	}
	return nil
}

// may asks for what the caller needs, which may be taken away while he follows.
func (f *follower) may(who *tenant.Principal) error {
	if err := who.CanSomewhere(Permission); err != nil {
		return err
	}
	for _, t := range f.types {
		if err := who.CanSomewhere(t.Permission + "_VIEW"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) names() (out []string) {
	for _, t := range s.DB.Catalogue().Types() {
		out = append(out, t.Name)
	}
	return out
}

// page reads what comes next, and moves the follower on.
func (s *Service) page(ctx context.Context, who *tenant.Principal, f *follower) (*Page, error) {
	whole, err := tenancy.NewScope(who.Account)
	if err != nil {
		return nil, err
	}
	r := s.DB.Reader(whole)
	if f.begin != "" {
		if f.from.place, f.from.seen, err = r.FeedEnd(ctx); err != nil {
			return nil, err
		}
		if f.begin == Start {
			f.from.list = &listing{}
		}
		f.begin = ""
	}
	p := &Page{Changes: []Change{}}
	if f.from.list != nil {
		err = s.reading.list(ctx, who, f, p)
	} else {
		err = s.changes(ctx, who, f, p)
	}
	if err != nil {
		return nil, err
	}
	s.figures.told(p)
	if p.Reset == nil {
		p.Next = f.from.text(string(who.Account), f.names)
	}
	return p, nil
}

// changes reads rows behind the follower's place.
func (s *Service) changes(ctx context.Context, who *tenant.Principal, f *follower, p *Page) error {
	whole, err := tenancy.NewScope(who.Account)
	if err != nil {
		return err
	}
	read, err := s.DB.Reader(whole).Feed(ctx, f.from.place, f.from.seen, rowsAtOnce)
	if err != nil {
		return err
	}
	if read.Lost != "" {
		p.Reset = &Reset{Reason: read.Lost, Message: resets[read.Lost]}
		return nil
	}
	found, cut := f.take(read)
	if p.More = cut || read.More; !p.More {
		f.from.seen = read.Seen
	} else if f.from.place.At.After(f.from.seen) {
		f.from.seen = f.from.place.At
	}
	p.Changes, err = s.reading.see(ctx, who, f.types, found)
	return err
}

// take finds the follower's types in rows, up to his limit, and moves him behind what he has; cut: there is more of the rows.
func (f *follower) take(read *store.FeedPage) (found []found, cut bool) {
	for _, row := range read.Rows {
		n, skip := 0, 0
		if row.ID == f.from.place.ID && row.At.Equal(f.from.place.At) {
			skip = f.from.place.Read
		}
		for _, c := range row.Changes {
			wanted := f.named[c.Type]
			for _, id := range c.IDs {
				if n++; n <= skip || len(wanted) == 0 {
					continue
				}
				if len(found) >= f.limit {
					f.from.place = store.FeedPlace{At: row.At, ID: row.ID, Read: n - 1}
					return found, true
				}
				found = append(found, foundOf(wanted, id, c.What, row.At))
			}
		}
		f.from.place = store.FeedPlace{At: row.At, ID: row.ID, Read: store.AllRead}
	}
	return found, false
}

// tooMany refuses a follower beyond MostFollowers.
func tooMany() error {
	return fault.New(fault.Limited, "%d followers of the account wait at this node already; go on with your token when one of them is done", MostFollowers).
		With("limit", "followers").With("scope", "account").With("figure", strconv.Itoa(MostFollowers))
}

// enter counts a follower that waits. leave must be called when it does no more.
func (s *Service) enter(account tenancy.AccountID) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under[account] >= MostFollowers {
		return nil, tooMany()
	}
	s.under[account]++
	s.figures.followers.Inc()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.figures.followers.Dec()
		if s.under[account]--; s.under[account] == 0 {
			delete(s.under, account)
		}
	}, nil
}
