package cluster

import (
	"context"
	"sync"
)

// groups let commands into the log together: while one group is being committed, commands that come wait, and go in as the next one. Each append
// costs every server two forced writes, so hundreds of commands at once would take hundreds of them, one by one, from a disk that others need,
// too. A command that comes alone waits for nobody.
type groups struct {
	mu    sync.Mutex
	under *group // way; nil while nobody commits
	next  *group // that waits for it; nil while nobody waits
}

type group struct {
	begin chan struct{} // closed when it is its turn
	left  int           // members that are not through
}

// enter waits for a command's turn. leave must be called, once, when the command is through. The only error is ctx's.
func (g *groups) enter(ctx context.Context) (leave func(), err error) {
	mine := g.join()
	leave = func() { g.leave(mine) }
	select {
	case <-mine.begin:
		return leave, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

func (g *groups) join() *group {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.under == nil {
		g.under = newGroup()
		close(g.under.begin)
		return g.under
	}
	if g.next == nil {
		g.next = newGroup()
	} else {
		g.next.left++
	}
	return g.next
}

func newGroup() *group { return &group{begin: make(chan struct{}), left: 1} }

func (g *groups) leave(mine *group) {
	g.mu.Lock()
	defer g.mu.Unlock()
	mine.left--
	switch {
	case mine.left > 0:
	case mine == g.next: // all who waited have given up
		g.next = nil
	default:
		g.under, g.next = g.next, nil
		if g.under != nil {
			close(g.under.begin)
		}
	}
}
