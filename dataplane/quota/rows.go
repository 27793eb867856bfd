package quota

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/dataplane/ratelog"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

const (
	settle  = 5 * time.Second     // between two times that a node adds what it wrote
	recount = 24 * time.Hour      // between two counts of the rows of an account that has come near its limit,
	near    = 0.8                 // a part of it,
	seldom  = 30 * 24 * time.Hour // and of one that has not
	look    = time.Hour           // between two looks whether a count is due
)

// Usage keeps how many rows of entities accounts have.
type Usage interface {
	// Add adds rows and returns how many there are; false: they were never counted.
	Add(ctx context.Context, scope tenancy.Scope, rows int64) (total int64, counted bool, err error)
	// Due reports whether they were not counted for so long.
	Due(ctx context.Context, scope tenancy.Scope, every time.Duration) (bool, error)
	// Count counts them, which may take long.
	Count(ctx context.Context, scope tenancy.Scope) error
}

// RowsDeps are what Rows stands on.
type RowsDeps struct {
	Usage    Usage
	Figures  func(tenancy.AccountID) limit.Figures
	Accounts func() []tenancy.AccountID // of the environment
	Mine     func() bool                // whether this node counts at the moment: one of the environment does
	Log      *slog.Logger
}

// Rows holds accounts with a quota of stored rows to it. No request counts anything: each node adds up what it commits, adds that to a figure in
// the database every few seconds, and learns there what others wrote, of accounts that asked or wrote here. One node counts each account's rows now and
// then, once a day where it comes near the limit, since a node that dies forgets what it has not added. So a figure is right but for what other nodes wrote in the last seconds, or in those before it was counted.
type Rows struct {
	d    RowsDeps
	mu   sync.Mutex
	kept map[tenancy.AccountID]*rows
	next map[tenancy.AccountID]time.Time // looks whether a count is due; by Run alone

	failing ratelog.Failure
}

// rows are those of one account.
type rows struct {
	total   int64 // when this node last asked
	counted bool
	written int64 // by this node since then
	asked   bool  // whether there is room, since then
}

// NewRows makes one. Run must be called for it to learn anything.
func NewRows(d RowsDeps) *Rows {
	return &Rows{d: d, kept: map[tenancy.AccountID]*rows{}, next: map[tenancy.AccountID]time.Time{}}
}

// Wrote says that a commit left so many rows more, or fewer.
func (r *Rows) Wrote(account tenancy.AccountID, n int) {
	if n == 0 || r.d.Figures(account).StoredRows == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(account).written += int64(n)
}

func (r *Rows) of(account tenancy.AccountID) *rows {
	of := r.kept[account]
	if of == nil {
		of = &rows{}
		r.kept[account] = of
	}
	return of
}

// Room refuses an account that keeps as many rows as it may: what creates more is not begun. What has begun goes on: rules of the account's
// workflows make what they must. Rows that were never counted are not known to be too many.
func (r *Rows) Room(account tenancy.AccountID) error {
	most := r.d.Figures(account).StoredRows
	if most == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.of(account)
	of.asked = true
	if !of.counted || of.total+of.written < most {
		return nil
	}
	return limit.StoredRows.Reached(fault.Limited, most, "Account %s keeps %d rows, of %d that it may keep: nothing can be created before some are removed, or its quota is raised",
		account, of.total+of.written, most).WithCode(fault.CodeLimited)
}

// Run adds and counts until ctx ends.
func (r *Rows) Run(ctx context.Context) {
	tick := time.NewTicker(settle)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.failing.Report(r.d.Log, "keep accounts' rows", r.Settle(ctx))
	}
}

// Settle adds what this node wrote, learns what others did, and counts the rows of accounts whose count is due. Run does so every few seconds.
func (r *Rows) Settle(ctx context.Context) error {
	return errors.Join(r.settle(ctx), r.count(ctx)) // in this order: what is counted must not be added after that
}

// limited lists the accounts that have a quota, and forgets what is known of the others.
func (r *Rows) limited() (list []tenancy.AccountID) {
	has := map[tenancy.AccountID]bool{}
	for _, account := range r.d.Accounts() {
		if r.d.Figures(account).StoredRows > 0 {
			list, has[account] = append(list, account), true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for account := range r.kept {
		if !has[account] {
			delete(r.kept, account)
			delete(r.next, account)
		}
	}
	return list
}

func (r *Rows) settle(ctx context.Context) error {
	var problems []error
	for _, account := range r.limited() {
		if err := r.settleOf(ctx, account); err != nil && ctx.Err() == nil {
			problems = append(problems, fmt.Errorf("account %s: %w", account, err))
		}
	}
	return errors.Join(problems...)
}

func (r *Rows) settleOf(ctx context.Context, account tenancy.AccountID) error {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return err
	}
	r.mu.Lock()
	of := r.of(account)
	written, idle := of.written, of.counted && of.written == 0 && !of.asked
	of.asked = false
	r.mu.Unlock()
	if idle {
		return nil
	}
	total, counted, err := r.d.Usage.Add(ctx, scope, written)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of = r.of(account)
	of.total, of.counted, of.written = total, counted, of.written-written
	return nil
}

func (r *Rows) count(ctx context.Context) error {
	if !r.d.Mine() {
		return nil
	}
	var problems []error
	for _, account := range r.limited() {
		if time.Now().Before(r.next[account]) {
			continue
		}
		scope, err := tenancy.NewScope(account)
		if err != nil {
			return err
		}
		due, err := r.d.Usage.Due(ctx, scope, r.every(account))
		if err == nil && due {
			err = r.recount(ctx, account, scope)
		}
		if err == nil {
			r.next[account] = time.Now().Add(look)
		}
		if err != nil && ctx.Err() == nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// every is how long a count of an account's rows serves.
func (r *Rows) every(account tenancy.AccountID) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if of := r.of(account); of.counted && float64(of.total) >= near*float64(r.d.Figures(account).StoredRows) {
		return recount
	}
	return seldom
}

func (r *Rows) recount(ctx context.Context, account tenancy.AccountID, scope tenancy.Scope) error {
	if err := r.d.Usage.Count(ctx, scope); err != nil {
		return err
	}
	r.mu.Lock()
	r.of(account).asked = true
	r.mu.Unlock()
	return r.settleOf(ctx, account)
}
