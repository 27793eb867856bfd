package numbers_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/numbers"
	"github.com/fluent-oms/fluent/tenancy"
)

// counter stands for the table: the first number of each kind that nobody has taken.
type counter struct {
	mu     sync.Mutex
	next   map[string]int64
	fills  int
	before func() // before the statement is carried out
	after  func() // before the answer arrives
	fail   error  // of the next fill, which is carried out
}

func newCounter() *counter { return &counter{next: map[string]int64{}} }

func (c *counter) fill(_ context.Context, account tenancy.AccountID, asks []numbers.Ask) (map[string]int64, error) {
	if c.before != nil {
		c.before()
	}
	c.mu.Lock()
	c.fills++
	ends := map[string]int64{}
	for _, ask := range asks {
		key := string(account) + "/" + ask.Kind
		if c.next[key] == 0 {
			c.next[key] = 1
		}
		if c.next[key] == ask.Until {
			c.next[key] = ask.Rest
		}
		c.next[key] += ask.Size
		ends[ask.Kind] = c.next[key]
	}
	err := c.fail
	c.fail = nil
	c.mu.Unlock()
	if c.after != nil {
		c.after()
	}
	return ends, err
}

// clock is a clock that the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// node is a node that takes its numbers from the table.
type node struct {
	*numbers.Allocator
	fill numbers.Fill
}

func (c *counter) node(k *clock) node { return node{numbers.New(usedUp, k.now), c.fill} }

func (n node) Take(ctx context.Context, id tenancy.AccountID, want map[string]int64) (map[string]int64, error) {
	return n.Allocator.Take(ctx, n.fill, id, want)
}

var errUsedUp = errors.New("used up")

func usedUp(tenancy.AccountID, string) error { return errUsedUp }

func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)} }

// given is a number and when it was given out.
type given struct {
	number int64
	at     time.Time
}

func take(t *testing.T, a node, kind string, n int64) int64 {
	t.Helper()
	first, err := a.Take(t.Context(), "ACME", map[string]int64{kind: n})
	require.NoError(t, err)
	return first[kind]
}

// ordered fails unless numbers are each given out once, and those that are given out a second later are higher.
func ordered(t *testing.T, list []given) {
	t.Helper()
	seen := map[int64]bool{}
	highest, behind := int64(0), 0
	for _, g := range list {
		for list[behind].at.Add(time.Second).Before(g.at) {
			highest = max(highest, list[behind].number)
			behind++
		}
		require.Greater(t, g.number, highest, "at %v", g.at)
		require.False(t, seen[g.number], "%d was given out twice", g.number)
		seen[g.number] = true
	}
}

// TestNumbersRiseWithTimeOverAllNodes: by steps of any length, in portions of any size, while some statements are slow before or behind their
// effect, and other nodes go on meanwhile.
func TestNumbersRiseWithTimeOverAllNodes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 7))
		c, k := newCounter(), newClock()
		nodes := []node{c.node(k), c.node(k), c.node(k)}
		var list []given
		one := func(node int) {
			n := int64(1 + r.IntN(4))
			first := take(t, nodes[node], "orders", n)
			for i := range n {
				list = append(list, given{first + i, k.at})
			}
		}
		at, slow, often := 0, false, 0
		delay := func() {
			if slow {
				return
			}
			if often++; often < 5 || r.IntN(6) > 0 { // one that is slow three times in a row is served at last
				return
			}
			slow, often = true, 0
			for range r.IntN(4) {
				k.pass(time.Duration(r.IntN(600)) * time.Millisecond)
				one((at + 1 + r.IntN(2)) % 3)
			}
			k.pass(time.Duration(r.IntN(600)) * time.Millisecond)
			slow = false
		}
		c.before, c.after = delay, delay
		for range 1000 {
			at = r.IntN(3)
			one(at)
			k.pass(time.Duration(r.ExpFloat64() * float64(40*time.Millisecond)))
		}
		ordered(t, list)
	}
}

// TestWhoHasWaitedTooOftenIsServed: a database that never answers in time stops nobody.
func TestWhoHasWaitedTooOftenIsServed(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	c.after = func() { k.pass(time.Second) }
	require.EqualValues(t, 1, take(t, c.node(k), "orders", 1), "it took the same again, since nobody else came")
	require.Equal(t, 3, c.fills)
}

// TestFewNumbersAreLost: none where one node works for an account, a few where two take turns, and never more than twice what is used.
func TestFewNumbersAreLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		nodes int
		every time.Duration // on average
		lost  float64       // for each number that is used
	}{
		{1, 20 * time.Millisecond, 0}, {1, 3 * time.Second, 0},
		{2, time.Millisecond, 0.25}, {2, 10 * time.Millisecond, 0.25}, {2, 50 * time.Millisecond, 0.3}, {2, 200 * time.Millisecond, 0.5}, {2, 5 * time.Second, 0.5},
		{4, 5 * time.Millisecond, 0.3},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		db, k := newCounter(), newClock()
		var nodes []node
		for range c.nodes {
			nodes = append(nodes, db.node(k))
		}
		const takes = 20_000
		last, used := int64(0), int64(0)
		for range takes {
			n := int64(1 + r.IntN(3))
			last = max(last, take(t, nodes[r.IntN(c.nodes)], "order_items", n)+n-1)
			used += n
			k.pass(time.Duration(r.ExpFloat64() * float64(c.every)))
		}
		lost := float64(last-used) / float64(used)
		require.LessOrEqual(t, lost, c.lost, "%d nodes, one in %v: %d numbers for %d", c.nodes, c.every, last, used)
	}
}

// TestFillsFollowTheTimeAndNotTheNumbers: what an account takes in a second costs three statements, however much it is.
func TestFillsFollowTheTimeAndNotTheNumbers(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	a := c.node(k)
	for range 400 { // warm up
		take(t, a, "orders", 1)
		k.pass(5 * time.Millisecond)
	}
	c.fills = 0
	for range 2000 { // ten seconds
		_, err := a.Take(t.Context(), "ACME", map[string]int64{"orders": 1, "order_items": 3, "fulfilment_choices": 1})
		require.NoError(t, err)
		k.pass(5 * time.Millisecond)
	}
	require.LessOrEqual(t, c.fills, 32)
}

// TestKindsThatWereUsedTogetherComeTogether: the order's numbers bring those of its fulfilment along, as long as both are used.
func TestKindsThatWereUsedTogetherComeTogether(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	a := c.node(k)
	take(t, a, "orders", 1)
	take(t, a, "fulfilments", 1)
	require.Equal(t, 2, c.fills)
	for n := range int64(5) {
		k.pass(10 * time.Second)
		require.Equal(t, n+2, take(t, a, "orders", 1))
		require.Equal(t, n+2, take(t, a, "fulfilments", 1))
		require.EqualValues(t, 3+n, c.fills)
	}
	k.pass(time.Minute)
	take(t, a, "orders", 1)
	k.pass(time.Minute)
	take(t, a, "orders", 1)
	before := c.next["ACME/fulfilments"]
	k.pass(time.Minute)
	take(t, a, "orders", 1)
	require.Equal(t, before, c.next["ACME/fulfilments"], "what nobody used the last time is not taken again")
}

// TestABlockWhoseAnswerWasLostIsAGap: neither it nor the rest that it was to go on from is given out.
func TestABlockWhoseAnswerWasLostIsAGap(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	a := c.node(k)
	for range 4 { // blocks of 1, 2 and 4
		take(t, a, "orders", 1)
		k.pass(time.Millisecond)
	}
	c.fail = errors.New("cut")
	_, err := a.Take(t.Context(), "ACME", map[string]int64{"orders": 5})
	require.ErrorContains(t, err, "cut")
	require.EqualValues(t, 10, c.next["ACME/orders"], "the rest of three and five, after four")
	require.EqualValues(t, 10, take(t, a, "orders", 1))
	require.EqualValues(t, 12, take(t, c.node(k), "orders", 1), "the block was one of two")
}

// TestWhatIsUsedUpFailsAlone: a kind that has no more numbers fails who asks for it, and nobody else.
func TestWhatIsUsedUpFailsAlone(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	ended := ""
	a := node{numbers.New(usedUp, k.now), func(ctx context.Context, id tenancy.AccountID, asks []numbers.Ask) (map[string]int64, error) {
		ends, err := c.fill(ctx, id, asks)
		delete(ends, ended)
		return ends, err
	}}
	take(t, a, "orders", 1)
	take(t, a, "roles", 1)
	ended = "roles"
	k.pass(time.Second)
	require.EqualValues(t, 2, take(t, a, "orders", 1), "roles are asked for as well")
	_, err := a.Take(t.Context(), "ACME", map[string]int64{"roles": 1})
	require.ErrorIs(t, err, errUsedUp)
}

// TestWhoWaitsIsServedByTheNextFill: a hundred callers that come during one statement cost one more, and one that gives up costs nothing.
func TestWhoWaitsIsServedByTheNextFill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		gate := make(chan struct{})
		c.before = func() { <-gate }
		a := node{numbers.New(usedUp, time.Now), c.fill}
		var mu sync.Mutex
		seen := map[int64]bool{}
		var all sync.WaitGroup
		one := func() {
			first, err := a.Take(t.Context(), "ACME", map[string]int64{"orders": 1})
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			require.False(t, seen[first["orders"]])
			seen[first["orders"]] = true
		}
		all.Go(one)
		synctest.Wait()
		for range 100 {
			all.Go(one)
		}
		gone, leave := context.WithCancel(t.Context())
		all.Go(func() {
			_, err := a.Take(gone, "ACME", map[string]int64{"orders": 5000})
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(gate)
		all.Wait()
		require.Len(t, seen, 101)
		require.Equal(t, 2, c.fills)
		require.EqualValues(t, 102, c.next["ACME/orders"])
	})
}

// TestTheRestOfABlockIsNotGivenOutBesideTheNextOne: who comes while a larger portion is fetched waits for it.
func TestTheRestOfABlockIsNotGivenOutBesideTheNextOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounter()
		a := node{numbers.New(usedUp, time.Now), c.fill}
		for range 4 { // blocks of 1, 2 and 4
			take(t, a, "orders", 1)
			time.Sleep(time.Millisecond)
		}
		gate := make(chan struct{})
		c.before = func() { <-gate }
		var large, small int64
		var both sync.WaitGroup
		both.Go(func() { large = take(t, a, "orders", 5) })
		synctest.Wait()
		both.Go(func() { small = take(t, a, "orders", 1) })
		synctest.Wait()
		close(gate)
		both.Wait()
		require.EqualValues(t, 5, large, "it begins with what was left")
		require.EqualValues(t, 10, small)
	})
}

// TestAccountsThatRestAreForgotten, those at work are not.
func TestAccountsThatRestAreForgotten(t *testing.T) {
	t.Parallel()
	c, k := newCounter(), newClock()
	a := c.node(k)
	for n := range 20_000 {
		_, err := a.Take(t.Context(), tenancy.AccountID("A"+time.Duration(n).String()), map[string]int64{"orders": 1})
		require.NoError(t, err)
		k.pass(50 * time.Millisecond)
	}
	require.LessOrEqual(t, a.Accounts(), 4096+1)
}
