package guess

import (
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// Book keeps counts in memory, of a bounded number of users and sources: those used longest ago are forgotten first. It is safe for
// concurrent use.
type Book struct {
	mu       sync.Mutex
	pairs    *lru.Cache[pairKey, Tally]
	users    *lru.Cache[string, userEntry]
	sources  *lru.Cache[string, Tally]
	failures *lru.Cache[pairKey, int] // since the last Drain
	others   int                      // failures that failures has forgotten
}

type pairKey struct{ user, source string }

type userEntry struct {
	tally    Tally
	familiar string // the source where he last signed in
	pardoned time.Time
}

// NewBook makes a Book of at most so many pairs, users and sources each.
func NewBook(size int) *Book {
	b := &Book{pairs: cache[pairKey, Tally](size), users: cache[string, userEntry](size), sources: cache[string, Tally](size)}
	failures, err := lru.NewWithEvict(size, func(_ pairKey, n int) { b.others += n })
	if err != nil {
		panic(err) // only a size below one fails
	}
	b.failures = failures
	return b
}

func cache[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only a size below one fails
	}
	return c
}

// Reserve counts an attempt of a user at a source as failed, unless it must wait: then it says for how long and counts nothing.
func (b *Book) Reserve(user, source string, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.record(user, source, now)
	if wait = r.Wait(now); wait > 0 {
		return wait
	}
	b.keep(user, source, r.Reserve(now))
	return 0
}

// Succeed takes the attempt that Reserve counted back.
func (b *Book) Succeed(user, source string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.record(user, source, now)
	b.keep(user, source, r.Succeed())
}

// Unlock forgets what was counted against a user.
func (b *Book) Unlock(user string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.pairs.Keys() {
		if k.user == user {
			b.pairs.Remove(k)
		}
	}
	entry, _ := b.users.Get(user)
	entry.tally, entry.pardoned = Tally{}, now
	b.users.Add(user, entry)
}

func (b *Book) record(user, source string, now time.Time) Record {
	var r Record
	r.Pair, _ = b.pairs.Get(pairKey{user, source})
	r.Source, _ = b.sources.Get(source)
	entry, _ := b.users.Get(user)
	r.User, r.Familiar = entry.tally, source != "" && entry.familiar == source
	r.Pardoned = !entry.pardoned.IsZero() && now.Sub(entry.pardoned) < Pardon
	return r
}

func (b *Book) keep(user, source string, r Record) {
	b.pairs.Add(pairKey{user, source}, r.Pair)
	b.sources.Add(source, r.Source)
	entry, _ := b.users.Get(user)
	entry.tally = r.User
	if r.Familiar {
		entry.familiar = source
	}
	b.users.Add(user, entry)
}

// Failure is how often a user failed at a source.
type Failure struct {
	User, Source string
	Times        int
}

// Note remembers a failure for Drain.
func (b *Book) Note(user, source string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, _ := b.failures.Get(pairKey{user, source})
	b.failures.Add(pairKey{user, source}, n+1)
}

// Drain returns the failures that were noted since it was last called, at most so many in the order in which they last happened, and how
// many there were besides.
func (b *Book) Drain(limit int) (list []Failure, others int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := b.failures.Keys()
	others, b.others = b.others, 0
	for i, k := range keys {
		n, _ := b.failures.Peek(k)
		if i < len(keys)-limit {
			others += n
			continue
		}
		list = append(list, Failure{User: k.user, Source: k.source, Times: n})
	}
	b.failures.Purge()
	b.others = 0 // Purge evicts, which is not forgetting
	return list, others
}

// Restore puts back what Drain returned and nobody could take.
func (b *Book) Restore(list []Failure, others int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.others += others
	for _, f := range list {
		k := pairKey{f.User, f.Source}
		n, _ := b.failures.Get(k)
		b.failures.Add(k, n+f.Times)
	}
}
