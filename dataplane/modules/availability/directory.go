package availability

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Directory keeps each account's Places for a moment. Decisions on slightly old places are harmless: a location that was switched
// off has no sellable stock any more, and that is read fresh. What goes by places when it commits holds their mark: see Hold.
type Directory struct {
	db        *store.DB
	age       time.Duration
	documents []string // names of settings that are kept even where they are documents

	mu       sync.Mutex
	accounts map[tenancy.AccountID]*account
	swept    time.Time // when quiet accounts were last dropped
}

type account struct {
	loading sync.Mutex // held by the one caller that loads
	places  *Places    // guarded by Directory.mu
	loaded  time.Time  // guarded by Directory.mu
	used    time.Time  // when somebody last asked; guarded by Directory.mu
	asOf    time.Time  // the same moment by the database's clock; guarded by Directory.mu
}

// DefaultAge is how old places may be.
const DefaultAge = 3 * time.Second

// quiet is for how many ages an account's places are kept when nobody asks for them.
const quiet = 20

// NewDirectory makes a directory whose places are at most age old when nobody else is just loading them; 0: DefaultAge. Of settings that are
// documents, which may be large, it keeps those that are named.
func NewDirectory(db *store.DB, age time.Duration, documents ...string) *Directory {
	if age <= 0 {
		age = DefaultAge
	}
	return &Directory{db: db, age: age, documents: documents, accounts: map[tenancy.AccountID]*account{}}
}

// NewFixed makes a directory that knows one account's places, as given, and never looks for newer ones.
func NewFixed(id tenancy.AccountID, rows *store.PlaceRows) *Directory {
	now := time.Now()
	a := &account{places: newPlaces(rows, now), loaded: now, asOf: now.AddDate(100, 0, 0)}
	return &Directory{age: math.MaxInt64, accounts: map[tenancy.AccountID]*account{id: a}}
}

// Places returns an account's places. While one caller loads newer ones, others go on with those that are known.
func (d *Directory) Places(ctx context.Context, scope tenancy.Scope) (*Places, error) {
	a, known, fresh := d.find(scope.Account())
	if fresh {
		return known, nil
	}
	if known != nil && !a.loading.TryLock() {
		return known, nil
	}
	if known == nil {
		a.loading.Lock()
	}
	defer a.loading.Unlock()
	if _, again, fresh := d.find(scope.Account()); fresh {
		return again, nil
	}
	return d.load(ctx, a, scope)
}

// Since makes sure that an account's places are at least as new as a moment by the database's clock, and reports whether they had to be
// loaded for that. Callers at the same time share a load.
func (d *Directory) Since(ctx context.Context, scope tenancy.Scope, moment time.Time) (loaded bool, err error) {
	a, _, _ := d.find(scope.Account())
	a.loading.Lock()
	defer a.loading.Unlock()
	d.mu.Lock()
	asOf := a.asOf
	d.mu.Unlock()
	if !asOf.Before(moment) {
		return false, nil
	}
	_, err = d.load(ctx, a, scope)
	return err == nil, err
}

// Held is an account's places in a transaction during which nobody changes what they rest on.
type Held struct {
	directory *Directory
	scope     tenancy.Scope
	mark      *store.HeldMark
}

// Hold has the places stay as they are until a transaction ends, from its next flush on.
func (d *Directory) Hold(tx *store.Tx, scope tenancy.Scope) *Held {
	return &Held{directory: d, scope: scope, mark: tx.HoldMark(store.Places)}
}

// Places are the account's as of the transaction, once it has flushed: they are loaded anew where those that are known are older than their mark.
func (h *Held) Places(ctx context.Context) (*Places, error) {
	mark, err := h.mark.Mark(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the places of %s: %w", h.scope.Account(), err)
	}
	known, err := h.directory.Places(ctx, h.scope)
	if err != nil || known.mark >= mark || h.directory.db == nil {
		return known, err
	}
	return h.directory.upTo(ctx, h.scope, mark)
}

// upTo loads places that are as new as a mark. Callers at the same time share a load.
func (d *Directory) upTo(ctx context.Context, scope tenancy.Scope, mark int64) (*Places, error) {
	a, _, _ := d.find(scope.Account())
	a.loading.Lock()
	defer a.loading.Unlock()
	if _, known, _ := d.find(scope.Account()); known != nil && known.mark >= mark {
		return known, nil
	}
	return d.load(ctx, a, scope)
}

// Refresh loads an account's places now, for a caller that misses something in them.
func (d *Directory) Refresh(ctx context.Context, scope tenancy.Scope) (*Places, error) {
	a, known, _ := d.find(scope.Account())
	if d.db == nil {
		return known, nil
	}
	a.loading.Lock()
	defer a.loading.Unlock()
	return d.load(ctx, a, scope)
}

func (d *Directory) find(id tenancy.AccountID) (a *account, known *Places, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a = d.accounts[id]
	if a == nil {
		a = &account{}
		d.accounts[id] = a
	}
	now := time.Now()
	a.used = now
	return a, a.places, a.places != nil && now.Sub(a.loaded) < d.age
}

// load reads with the whole account's scope, since the places serve all retailers.
func (d *Directory) load(ctx context.Context, a *account, scope tenancy.Scope) (*Places, error) {
	whole, err := tenancy.NewScope(scope.Account())
	if err != nil {
		return nil, err
	}
	started, asOf := time.Now(), d.db.Now(ctx)
	rows, err := d.db.Reader(whole).PlaceRows(ctx, d.documents...)
	if err != nil {
		return nil, fmt.Errorf("load the places of %s: %w", scope.Account(), err)
	}
	places := newPlaces(rows, started)
	d.mu.Lock()
	defer d.mu.Unlock()
	a.places, a.loaded, a.asOf = places, started, asOf
	d.sweep(started)
	return places, nil
}

// sweep drops what nobody has asked for of late: places take up to megabytes, and a node serves many accounts at some time of the day.
// d.mu is held.
func (d *Directory) sweep(now time.Time) {
	idle := quiet * d.age
	if now.Sub(d.swept) < idle {
		return
	}
	d.swept = now
	maps.DeleteFunc(d.accounts, func(_ tenancy.AccountID, a *account) bool { return now.Sub(a.used) >= idle })
}
