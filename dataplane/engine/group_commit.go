package engine

import (
	"context"
	"runtime"
	"sync"

	"github.com/fluent-oms/fluent/tenancy"
)

// groupCommit lets creations share commits: while one commit of an account is under way for each two processors, those that become ready wait
// and are committed together. A creation that is alone waits for nobody.
type groupCommit struct {
	commit     func(ctx context.Context, jobs []*job) []error
	abreast    int // most commits of one account at a time
	share      int // most creations in one commit
	limit      int // most creations at a time, and of one account
	perAccount int

	mu       sync.Mutex
	inside   int
	accounts map[tenancy.AccountID]*accountCommits
}

type accountCommits struct {
	inside  int
	running int
	waiting []*waiter
}

// waiter is a creation that waits for its commit.
type waiter struct {
	job  *job
	done chan error
}

func (c *groupCommit) init(cfg Config, commit func(context.Context, []*job) []error) {
	c.commit, c.abreast, c.share = commit, max(1, runtime.GOMAXPROCS(0)/2), cfg.Share
	c.limit, c.perAccount = cfg.Creations, max(1, cfg.Creations*3/4)
	c.accounts = map[tenancy.AccountID]*accountCommits{}
}

// enter admits a creation; false where there are as many as there may be.
func (c *groupCommit) enter(id tenancy.AccountID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[id]
	if a == nil {
		a = &accountCommits{}
	}
	if c.inside >= c.limit || a.inside >= c.perAccount {
		return false
	}
	c.inside++
	a.inside++
	c.accounts[id] = a
	return true
}

// leave undoes enter.
func (c *groupCommit) leave(id tenancy.AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[id]
	c.inside--
	if a.inside--; a.inside == 0 {
		delete(c.accounts, id) // nobody waits, since those who do are inside
	}
}

// join commits a job, together with others that wait. ctx is that of the commit.
func (c *groupCommit) join(ctx context.Context, j *job) error {
	p := &waiter{job: j, done: make(chan error, 1)}
	c.mu.Lock()
	a := c.accounts[j.scope.Account()]
	a.waiting = append(a.waiting, p)
	leads := a.running < c.abreast
	if leads {
		a.running++
	}
	c.mu.Unlock()
	if leads {
		go c.flush(ctx, a)
	}
	return <-p.done
}

// flush commits those that wait until nobody does.
func (c *groupCommit) flush(ctx context.Context, a *accountCommits) {
	for {
		c.mu.Lock()
		n := min(len(a.waiting), c.share)
		if n == 0 {
			a.running--
			c.mu.Unlock()
			return
		}
		batch := a.waiting[:n:n]
		a.waiting = a.waiting[n:]
		c.mu.Unlock()
		jobs := make([]*job, n)
		for i, p := range batch {
			jobs[i] = p.job
		}
		for i, err := range c.commit(ctx, jobs) {
			batch[i].done <- err
		}
	}
}
