// Package numbers hands out the small numbers by which people know orders, locations and the like, in the order of time, without asking the
// database for each and without a lock that is held for longer than one statement.
//
// A node takes numbers of an account in blocks. Whatever it does not use within Life it leaves: a number that is given out later than another
// one by a second, on any node, is higher, since its block was taken later. A block is about as large as what the node used in the same time
// before, so few numbers are left over; and the next block begins where the last one was left if no other node has had a number since, so
// that an account which one node works for has no gaps.
//
// Gaps of accounts that several nodes work for: a block is twice what was used of the one before it at most, or what is asked for, so at
// most two numbers are lost for each one that is used, and in a steady stream a fifth or so (TestFewNumbersAreLost). An account that makes 100,000
// of a kind each day, 36 million a year, has used up the 2,147 million numbers that 32 bits hold after 19 years in the worst case and after
// 48 in a steady stream.
package numbers

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/tenancy"
)

// Life is how long numbers of a block are given out, and Late how late a block may arrive and still serve who asked for it. Both leave
// room below a second for what the clocks of nodes differ by.
const (
	Life = 500 * time.Millisecond
	Late = 800 * time.Millisecond
)

const (
	largest     = 1000 // numbers that are taken at once, unless more are wanted
	patience    = 3    // blocks that come too late before one is used all the same: a database that is so slow delays everything
	manyAccount = 4096 // accounts in memory before those that rest are forgotten
	rests       = time.Minute
)

// Ask is a wish for a block of a kind. From Rest up to and without Until the last block of the kind was not used: if Until is still the first
// number that nobody has taken, the new block begins at Rest.
type Ask struct {
	Kind        string
	Size        int64
	Rest, Until int64
}

// Fill takes blocks of an account, one for each ask, and returns the first number after each, by kind. A kind whose numbers are used up is
// left out. When it fails, nobody knows whether the blocks were taken.
type Fill func(ctx context.Context, account tenancy.AccountID, asks []Ask) (ends map[string]int64, err error)

// Allocator gives out the numbers of a node. It is safe for use by many goroutines.
type Allocator struct {
	usedUp func(account tenancy.AccountID, kind string) error
	now    func() time.Time // only differences count

	mu       sync.Mutex
	accounts map[tenancy.AccountID]*account
}

// New makes an allocator. usedUp makes the error for a kind that has no more numbers; now is time.Now but in tests.
func New(usedUp func(tenancy.AccountID, string) error, now func() time.Time) *Allocator {
	return &Allocator{usedUp: usedUp, now: now, accounts: map[tenancy.AccountID]*account{}}
}

// account is what the node has of an account's numbers.
type account struct {
	mu      sync.Mutex
	blocks  map[string]*block
	filling chan struct{}    // closed when the fill under way has ended; nil: there is none
	waiting map[string]int64 // what callers wait for
	last    time.Time        // when numbers were last asked for
}

type block struct {
	next, end int64
	used      int64     // numbers that were given out of it
	taken     time.Time // not later than when the database took it
}

func (a *Allocator) account(id tenancy.AccountID) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.accounts[id]
	if acc == nil {
		if len(a.accounts) >= manyAccount {
			a.forget()
		}
		acc = &account{blocks: map[string]*block{}, waiting: map[string]int64{}, last: a.now()}
		a.accounts[id] = acc
	}
	return acc
}

// forget drops accounts that rest: their blocks are too old for use, and what a caller that comes just now takes of one is nobody else's.
func (a *Allocator) forget() {
	now := a.now()
	for id, acc := range a.accounts {
		if acc.mu.TryLock() {
			if acc.filling == nil && now.Sub(acc.last) > rests {
				delete(a.accounts, id)
			}
			acc.mu.Unlock()
		}
	}
}

// Take gives out so many numbers of each kind, which follow each other, and returns the first of each. It costs one statement at most,
// whatever the kinds, and none while blocks last. All that wait for a fill are served by the next one together. The fill is the caller's, who may
// have connections of his own.
func (a *Allocator) Take(ctx context.Context, fill Fill, id tenancy.AccountID, want map[string]int64) (map[string]int64, error) {
	acc := a.account(id)
	acc.mu.Lock()
	defer acc.mu.Unlock()
	acc.last = a.now()
	waits := false
	defer func() {
		if waits {
			acc.count(want, -1)
		}
	}()
	life := Life
	for tries := 0; ; {
		if first, ok := acc.take(want, a.now(), life); ok {
			return first, nil
		}
		life = Life
		if ended := acc.filling; ended != nil {
			if !waits {
				acc.count(want, 1)
				waits = true
			}
			if err := acc.await(ctx, ended); err != nil {
				return nil, err
			}
			continue
		}
		need := maps.Clone(acc.waiting)
		if !waits {
			add(need, want, 1)
		}
		if err := a.refill(ctx, fill, id, acc, need, want); err != nil {
			return nil, err
		}
		if life, tries = Late, tries+1; tries == patience {
			life = anyAge
		}
	}
}

// anyAge is as long as blocks live for who has waited too often.
const anyAge = time.Duration(1<<63 - 1)

// count adds what a caller waits for to what all do, or takes it away.
func (acc *account) count(want map[string]int64, sign int64) { add(acc.waiting, want, sign) }

func add(to, numbers map[string]int64, sign int64) {
	for kind, n := range numbers {
		if to[kind] += sign * n; to[kind] == 0 {
			delete(to, kind)
		}
	}
}

// await waits for the fill under way. The lock is free meanwhile.
func (acc *account) await(ctx context.Context, ended <-chan struct{}) error {
	acc.mu.Unlock()
	defer acc.mu.Lock()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take gives out numbers of blocks that are not older than life: of all kinds, or of none.
func (acc *account) take(want map[string]int64, now time.Time, life time.Duration) (map[string]int64, bool) {
	for kind, n := range want {
		if b := acc.blocks[kind]; n > 0 && (b == nil || b.end-b.next < n || now.Sub(b.taken) > life) {
			return nil, false
		}
	}
	first := make(map[string]int64, len(want))
	for kind, n := range want {
		if b := acc.blocks[kind]; n > 0 {
			first[kind] = b.next
			b.next += n
			b.used += n
		}
	}
	return first, true
}

// refill takes blocks for what is needed. The lock is free while the database works.
func (a *Allocator) refill(ctx context.Context, fill Fill, id tenancy.AccountID, acc *account, need, want map[string]int64) error {
	began := a.now()
	asks := acc.asks(need, began)
	acc.filling = make(chan struct{})
	acc.mu.Unlock()
	ends, err := fill(ctx, id, asks)
	acc.mu.Lock()
	close(acc.filling)
	acc.filling = nil
	if err != nil {
		return err
	}
	for _, ask := range asks {
		end, ok := ends[ask.Kind]
		if !ok {
			if want[ask.Kind] > 0 {
				return a.usedUp(id, ask.Kind)
			}
			delete(acc.blocks, ask.Kind)
			continue
		}
		acc.blocks[ask.Kind] = &block{next: end - ask.Size, end: end, taken: began}
	}
	return nil
}

// asks lists the blocks to be taken: for what is needed, and, since they are too old together, for what else was used lately. The rest of a
// block that is asked for again is given out no more, whether the fill succeeds or not.
func (acc *account) asks(need map[string]int64, now time.Time) []Ask {
	size := map[string]int64{}
	for kind, n := range need {
		if b := acc.blocks[kind]; n > 0 && (b == nil || b.end-b.next < n || now.Sub(b.taken) > Life) {
			size[kind] = max(n, min(b.expected(now), largest))
		}
	}
	for kind, b := range acc.blocks {
		if _, asked := size[kind]; !asked && b.used > 0 && now.Sub(b.taken) > Life {
			size[kind] = min(b.used, largest)
		}
	}
	out := make([]Ask, 0, len(size))
	for _, kind := range slices.Sorted(maps.Keys(size)) { // in one order, so that nodes never wait for each other in a circle
		ask := Ask{Kind: kind, Size: size[kind]}
		if b := acc.blocks[kind]; b != nil {
			ask.Rest, ask.Until = b.next, b.end
			b.next = b.end
		}
		out = append(out, ask)
	}
	return out
}

// expected is how many numbers a block that follows b will be used for: as many as b was, or more if b did not last for its life.
func (b *block) expected(now time.Time) int64 {
	if b == nil {
		return 0
	}
	age := max(now.Sub(b.taken), time.Millisecond)
	if age >= Life {
		return b.used
	}
	return min(2*b.used, int64(float64(b.used)*float64(Life)/float64(age)))
}
