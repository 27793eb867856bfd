package door

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

// Limits say how many connections a port holds at once. Who comes on top is turned away.
type Limits struct {
	Connections int // in all; 0: DefaultConnections
	PerAddress  int // from one client address (for IPv6 one /64); 0: no limit
}

const (
	// MostByDefault bounds the memory of connections where descriptors do not.
	MostByDefault = 10_000
	// keptBack are the descriptors that no port may plan for: those of lastOnes, and what is open already.
	keptBack = 128
)

// Descriptors is how many files and connections this process may have open.
func Descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what systems give where nobody chose
	}
	return int(min(limit.Cur, 1<<30))
}

// DefaultConnections is half of the process's descriptors, since a request may need another for its way on, and MostByDefault at most.
func DefaultConnections() int { return min(max(Descriptors()/2, 16), MostByDefault) }

// lastOnes is how many of the process's descriptors no connection gets that comes in.
func lastOnes(have int) int { return min(max(have/16, 4), 64) }

func (l Limits) orDefault() Limits {
	if l.Connections == 0 {
		l.Connections = DefaultConnections()
	}
	return l
}

// Check reports limits that no process, or not this one, could keep.
func (l Limits) Check() error {
	if l.Connections < 0 || l.PerAddress < 0 {
		return fmt.Errorf("limits of connections are counts: %d, %d per address", l.Connections, l.PerAddress)
	}
	if have := Descriptors(); l.Connections > 0 && l.Connections > have-keptBack {
		return fmt.Errorf("%d connections are more than the process's limit of open files (%d, of which %d are for other things) has room for; raise it (ulimit -n) or choose fewer", l.Connections, have, keptBack)
	}
	return nil
}

// greetings is how many connections may have their greeting before them: who says nothing must not fill the port.
func (l Limits) greetings() int { return max(l.Connections/4, 16) }

// beyond is how many connections of an address that is at its limit may come to their greeting, where they may show that the limit is not for
// them.
func (l Limits) beyond() int { return max(l.PerAddress/4, 4) }

// reason is why a connection was turned away.
type reason int

const (
	shedFull        reason = iota // the port is at its limit
	shedAddress                   // the client's address is at its limit
	shedGreeting                  // too many have said nothing yet
	shedDescriptors               // the process has none left
	reasons                       // how many there are

	admitted  reason = -1
	accepting        = reasons // names the log line about errors of accepting
)

// String is the reason's name in the log and in metrics.
func (r reason) String() string {
	return [...]string{"full", "address", "greeting", "descriptors"}[r]
}

// places counts who is in.
type places struct {
	limits Limits
	greets bool // connections have a greeting before them

	mu       sync.Mutex
	all      int
	greeting int
	from     map[string]*caller // by Group; those that have a connection
}

// caller is what one address holds.
type caller struct{ in, greeting int }

// place is one connection's.
type place struct {
	of       *places
	group    string // whose limit it counts for; empty: nobody's
	greeting bool
	left     bool
}

// take finds a place for a connection of a group; an empty group is not limited.
func (p *places) take(group string) (*place, reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limits.PerAddress == 0 {
		group = ""
	}
	most := p.limits.PerAddress
	if p.greets {
		most += p.limits.beyond()
	}
	c := p.from[group]
	switch {
	case p.all >= p.limits.Connections:
		return nil, shedFull
	case p.greets && p.greeting >= p.limits.greetings():
		return nil, shedGreeting
	case c != nil && c.in+c.greeting >= most:
		return nil, shedAddress
	}
	p.all++
	p.add(group, p.greets, 1)
	return &place{of: p, group: group, greeting: p.greets}, admitted
}

// add counts one more or less, with mu held.
func (p *places) add(group string, greeting bool, n int) {
	if greeting {
		p.greeting += n
	}
	if group == "" {
		return
	}
	c := p.from[group]
	if c == nil {
		if p.from == nil {
			p.from = map[string]*caller{}
		}
		c = &caller{}
		p.from[group] = c
	}
	if greeting {
		c.greeting += n
	} else {
		c.in += n
	}
	if *c == (caller{}) {
		delete(p.from, group)
	}
}

// greeted ends the greeting of a connection. One that is not known counts for its address from now on.
func (l *place) greeted(known bool) reason {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.left {
		return admitted
	}
	l.of.add(l.group, true, -1)
	l.greeting = false
	if known {
		l.group = ""
	}
	c := l.of.from[l.group]
	if c != nil && c.in >= l.of.limits.PerAddress {
		l.group = ""
		return shedAddress
	}
	l.of.add(l.group, false, 1)
	return admitted
}

// leave gives the place back.
func (l *place) leave() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.left {
		return
	}
	l.left = true
	l.of.all--
	l.of.add(l.group, l.greeting, -1)
}

// now tells how many connections there are.
func (p *places) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

// sayAgain is how often the log hears of what goes on happening.
const sayAgain = 10 * time.Second

// quiet keeps what happens often from filling the log: one line for each reason in ten seconds, with how often it was.
type quiet struct {
	mu   sync.Mutex
	said [reasons + 1]time.Time
	n    [reasons + 1]int
}

// say counts one more and tells whether it is time for a line, and of how many.
func (q *quiet) say(why reason, now time.Time) (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n[why]++
	if !q.said[why].IsZero() && now.Sub(q.said[why]) < sayAgain {
		return 0, false
	}
	n := q.n[why]
	q.said[why], q.n[why] = now, 0
	return n, true
}
