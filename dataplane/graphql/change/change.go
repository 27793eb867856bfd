// Package change carries out mutations from the catalogue's inputs: it finds what an input points at, makes or loads the entities,
// applies the values, and writes everything, with the CREATE events that creations send, in one transaction.
package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Workflows knows the active configuration.
type Workflows interface {
	// Current is the version (major × 10000 + minor) of a retailer's workflow such as ORDER::HD that a new root gets; false if there is none.
	Current(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name string, root workflow.Root) (version int, ok bool, err error)
	// Names lists a retailer's workflows, sorted.
	Names(account tenancy.AccountID, retailer tenancy.RetailerID) []string
}

// Retailers makes retailers, whose numbers belong to the control plane.
type Retailers interface {
	// Create makes a retailer with all that a new one begins with, and returns its id once its row is there and its workflows are active.
	// tradingName may be empty. A repetition of a call whose outcome was not known finds the same retailer.
	Create(ctx context.Context, account tenancy.AccountID, ref, tradingName string) (catalogue.ID, error)
}

// Engine hears of events that were committed, and may run the first event of a new root before that.
type Engine interface {
	// Create writes a new root and its parts together with what the root's first event leads to. False: nothing was written.
	Create(ctx context.Context, account tenancy.AccountID, c Creation) (bool, error)
	// Nudge says that events wait; it returns at once.
	Nudge(account tenancy.AccountID, events ...*workflow.Event)
	// Await returns when an event of which Nudge heard has had its turn, or has had none in the time that callers are let wait.
	Await(ctx context.Context, account tenancy.AccountID, event *workflow.Event) error
}

// Deps are what mutations need. Retailers may be nil: createRetailer then fails.
type Deps struct {
	DB        *store.DB
	Catalogue *catalogue.Catalogue
	Workflows Workflows
	Retailers Retailers
	Engine    Engine
	Checks    entity.Checks
	Guards    entity.Guards // of all types that are declared as guarded
	// CreatesForOthers says by type, as events name it, whether CREATE is sent of roots for another retailer than their maker's own.
	CreatesForOthers map[string]setting.Setting[bool]
}

// Changer carries out mutations. It is safe for concurrent use.
type Changer struct {
	Deps
	known *lru.Cache[string, known] // entities that references found; see cacheable
}

// How many references are remembered, and for how long.
const (
	knownEntries = 50_000
	knownAge     = time.Minute
)

// known is an entity that a reference found, and until when it is taken as found.
type known struct {
	entity any
	until  time.Time
}

// New makes a changer. The error says which type lacks its guard.
func New(d Deps) (*Changer, error) {
	for _, t := range d.Catalogue.Types() {
		if _, guarded := d.Guards[t]; t.Guarded != guarded {
			return nil, fmt.Errorf("make the changer: %s is declared as guarded: %t, and has a guard: %t", t.Name, t.Guarded, guarded)
		}
	}
	cache, err := lru.New[string, known](knownEntries)
	if err != nil {
		return nil, fmt.Errorf("make the cache of references: %w", err)
	}
	return &Changer{Deps: d, known: cache}, nil
}

// Create makes an entity from its create input and returns the struct as it was written.
func (c *Changer) Create(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	s := c.begin(p)
	d, err := s.plan(m.Input, value, "input", true)
	if err != nil {
		return nil, err
	}
	if d.Type.Claims {
		return s.createHolding(ctx, d, m, value)
	}
	return s.create(ctx, d)
}

// longestAwait is how long callers are let wait for the workflow of what they create.
const longestAwait = 10 * time.Second

// CreateAwaited is like Create, but returns the entity as its workflow left it after the event that its creation sent. Where that takes longer
// than callers are let wait, it is as it is by then.
func (c *Changer) CreateAwaited(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	s := c.begin(p)
	d, err := s.plan(m.Input, value, "input", true)
	if err != nil {
		return nil, err
	}
	entity, err := s.create(ctx, d)
	if err != nil || s.Engine == nil {
		return entity, err
	}
	if !s.started {
		bounded, cancel := context.WithTimeout(ctx, longestAwait)
		err := s.Engine.Await(bounded, s.who.Account, s.events[0])
		cancel()
		if err != nil {
			return nil, err
		}
	}
	w := keys.ByID(d.Type, idOf(d), d.Place)
	if err := keys.Resolve(ctx, s.reader(), w); err != nil {
		return nil, err
	}
	return w.Entity, w.Missing()
}

// create resolves, completes and writes a planned creation.
func (s *session) create(ctx context.Context, d *draft) (any, error) {
	if err := s.decide(ctx, d); err != nil {
		return nil, err
	}
	started, err := s.start(ctx, d)
	s.started = started
	if err == nil && !started {
		err = s.DB.Write(ctx, s.scope, func(tx *store.Tx) error {
			return s.write(ctx, tx)
		})
	}
	return s.created(ctx, d, err)
}

// createHolding is create for what takes of something that others take of, too: a decision about how much is left holds that from its first look until
// the outcome is written. It stands on that lock, and not on what the transaction has read. Ids are there before: they take a connection of their own,
// for which nobody who holds something may wait.
func (s *session) createHolding(ctx context.Context, d *draft, m *catalogue.Mutation, value map[string]any) (any, error) {
	if err := s.allot(ctx, d); err != nil {
		return nil, err
	}
	try := s
	err := s.DB.WriteLocked(ctx, s.scope, func(tx *store.Tx) (err error) {
		if try.tx != nil { // once more
			try = s.begin(s.who)
			try.ids = s.ids
			if d, err = try.plan(m.Input, value, "input", true); err != nil {
				return err
			}
		}
		try.tx = tx
		if err := try.decide(ctx, d); err != nil {
			return err
		}
		return try.write(ctx, tx)
	})
	return try.created(ctx, d, err)
}

// decide resolves and completes a planned creation.
func (s *session) decide(ctx context.Context, d *draft) error {
	if err := s.ready(ctx, s.reader(), d); err != nil {
		return err
	}
	if err := s.allowCreate(ctx, d); err != nil {
		return err
	}
	if err := s.number(ctx, d); err != nil {
		return err
	}
	return s.complete(ctx, d)
}

// write writes what was decided, and the events that follow.
func (s *session) write(ctx context.Context, tx *store.Tx) error {
	s.making.Write(tx)
	eventstore.Append(tx, s.events...)
	return s.settleParts(ctx, tx)
}

// created tells what became of a creation.
func (s *session) created(ctx context.Context, d *draft, err error) (any, error) {
	if errors.Is(err, store.ErrAmbiguous) {
		err = s.settle(ctx, d, err)
	}
	if err != nil {
		return nil, s.existing(ctx, s.explain(err, d), d)
	}
	if !s.started {
		s.nudge()
	}
	return d.Entity, nil
}

// settle finds out whether a creation whose commit was not answered has happened.
func (s *session) settle(ctx context.Context, d *draft, lost error) error {
	w := keys.ByID(d.Type, idOf(d), d.Place)
	if err := keys.Resolve(ctx, s.reader(), w); err != nil || w.Entity == nil {
		return fault.New(fault.Unavailable, "The database did not answer; whether %s was created is not known. Send it again.", d.Type.Name).
			WithCode(fault.CodeRetry).Wrap(lost)
	}
	return nil
}

// Update changes the entity that an update input names and returns the struct as it was written.
func (c *Changer) Update(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	var d *draft
	var s *session
	err := c.DB.Write(ctx, p.Scope(), func(tx *store.Tx) error {
		s = c.begin(p)
		s.tx = tx
		in, err := s.kindOf(ctx, tx, m, value)
		if err != nil {
			return err
		}
		if d, err = s.plan(in, value, "input", false); err != nil {
			return err
		}
		if err := s.allot(ctx, d); err != nil {
			return err
		}
		if err := s.find(ctx, tx, d); err != nil {
			return err
		}
		if err := s.allowChange(ctx, d); err != nil {
			return err
		}
		if err := s.number(ctx, d); err != nil {
			return err
		}
		if err := s.complete(ctx, d); err != nil {
			return err
		}
		s.making.Write(tx)
		return s.settleParts(ctx, tx)
	})
	if err != nil {
		if d == nil {
			return nil, err
		}
		return nil, s.explain(err, d)
	}
	return d.Entity, nil
}

// session is one mutation on its way.
type session struct {
	*Changer
	who     *tenant.Principal
	scope   tenancy.Scope
	reach   string // the scope as text
	wants   []*keys.Want
	exists  map[string]any // what was found of wants that are loose, by their text
	making  *entity.Making // once what is wanted is found
	events  []*workflow.Event
	started bool // the first of events has had its turn already
	from    keys.Reader
	tx      *store.Tx                          // in which all is decided; nil: it begins when all is
	ids     map[*catalogue.Type][]catalogue.ID // for what is new; nil: none are there yet
	parts   []part                             // what the database decides about

	together *many // that it is one of; nil: it is alone
}

func (c *Changer) begin(p *tenant.Principal) *session {
	scope := p.Scope()
	return &session{Changer: c, who: p, scope: scope, reach: scope.String() + " "}
}

func (s *session) reader() keys.Reader { return s.DB.Reader(s.scope) }

func (s *session) nudge() {
	if len(s.events) > 0 && s.Engine != nil {
		s.Engine.Nudge(s.who.Account, s.events...)
	}
}

// explain names the key in the fault for a unique key that is taken: by its name among its fields, or by the only value in it.
func (s *session) explain(err error, d *draft) error {
	f := fault.Of(err)
	if f.Kind != fault.Exists {
		return err
	}
	t := s.Catalogue.Type(f.Meta["type"])
	if d = d.taking(t); d == nil {
		return err
	}
	for _, u := range d.Type.Uniques {
		field := telling(u.Fields)
		if u.Names() != f.Meta["key"] || field == nil {
			continue
		}
		place := d.Place + "." + field.Name
		if t != d.Type { // of any kind that shares the table
			return f.At(place)
		}
		named := fault.New(fault.Exists, "%s %s already exists: %v", d.Type.Name, field.Name, field.Get(d.Entity))
		return named.WithCode(f.Code).At(place).With("key", f.Meta["key"]).Wrap(err)
	}
	return err
}

// telling is the field by which people know a key: its name, or the only one that is no reference; nil: there is none.
func telling(key []*catalogue.Field) *catalogue.Field {
	var values []*catalogue.Field
	for _, f := range key {
		switch {
		case f.Name == "ref" || f.Name == "username" || f.Name == "name":
			return f
		case f.Ref == nil:
			values = append(values, f)
		}
	}
	if len(values) != 1 {
		return nil
	}
	return values[0]
}

// taking is the draft whose key is taken: the only one of its type, or one with the key of another beside it. nil: it cannot be told.
func (d *draft) taking(t *catalogue.Type) *draft {
	var all []*draft
	var twin *draft
	d.each(func(x *draft) {
		if t == nil || !t.Holds(x.Type) || x.Entity == nil {
			return
		}
		for _, y := range all {
			if twin == nil && sameKey(x, y) {
				twin = x
			}
		}
		all = append(all, x)
	})
	if len(all) == 1 {
		return all[0]
	}
	return twin
}

func sameKey(x, y *draft) bool {
	return !slices.ContainsFunc(x.Type.Key, func(f *catalogue.Field) bool { return f.Get(x.Entity) != f.Get(y.Entity) })
}

// now is a time for what is stamped before the transaction begins.
func (s *session) now(ctx context.Context) time.Time { return s.DB.Now(ctx) }
