package door

import (
	"container/list"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/domain/fault"
)

// BodyLimits say how much of requests' bodies a process holds. What is zero gets the default.
type BodyLimits struct {
	Total    int64         // bytes of all bodies; by default an eighth of the process's memory limit, and 64 MiB at most
	Progress time.Duration // in which a body must bring its next part, or end; by default 10 s
	Stall    time.Duration // after which a body without progress gives way to others that need the room; by default 1 s
	Patience time.Duration // how long a body waits for room; by default 2 s
}

const (
	// UnknownBody is the most that is read of a body, in bytes, before its caller has proved who he is. Token requests never have more.
	UnknownBody = 64 << 10
	// pocket is the part of each body that takes no room from others: it is of the order of what a connection costs anyway, and most requests
	// end within it.
	pocket = 4 << 10
	// part is what a body must bring to count as making progress, and the room that one asks for at once whose length was not told.
	part = 16 << 10
)

const (
	shareOfMemory = 8 // of the process's memory limit, one part in so many
	usualTotal    = 64 << 20
	leastTotal    = 4 * UnknownBody
)

func (l BodyLimits) orDefault() BodyLimits {
	if l.Total == 0 {
		l.Total = min(usualTotal, debug.SetMemoryLimit(-1)/shareOfMemory)
	}
	l.Total = max(l.Total, leastTotal)
	for _, d := range []struct {
		of    *time.Duration
		usual time.Duration
	}{{&l.Progress, 10 * time.Second}, {&l.Stall, time.Second}, {&l.Patience, 2 * time.Second}} {
		if *d.of == 0 {
			*d.of = d.usual
		}
	}
	return l
}

// class tells callers who have proved who they are from all others. Others share a quarter of the room, so that they cannot take it all.
type class int

const (
	unknown class = iota
	known
	classes
)

// String is the class's name in metrics.
func (c class) String() string { return [...]string{"unknown", "known"}[c] }

// Bodies is the room that the bodies of a process's requests share. A body takes room as it comes, and gives it back when its request is
// answered or has been sent on. Who finds none waits for a bounded time, in which bodies that make no progress give way, and is then told to
// come again.
type Bodies struct {
	limits BodyLimits
	now    func() time.Time

	mu    sync.Mutex
	pools [classes]pool

	shed, cut, slow atomic.Int64
}

// pool is one class's share.
type pool struct {
	total, used, peak int64
	cutting           int64     // of used: what those give back who were told to give way
	coming            list.List // *Body that still come and have room here; the one longest without progress first
	waiting           list.List // *wish, in the order in which they came
	relieved          bool      // a goroutine sees to it that those who wait get room
}

// wish is a body that waits for room.
type wish struct {
	body    *Body
	size    int64
	granted bool
	heard   chan struct{} // closed when it is granted, or its body must give way
}

// NewBodies makes room.
func NewBodies(limits BodyLimits) *Bodies {
	b := &Bodies{limits: limits.orDefault(), now: time.Now}
	b.pools[unknown].total = b.limits.Total / 4
	b.pools[known].total = b.limits.Total - b.limits.Total/4
	return b
}

// Used is how many bytes are taken now, and Peak how many were at most.
func (b *Bodies) Used() (bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pools[unknown].used + b.pools[known].used
}

// Peak is how many bytes were taken at most: of each class at its own time.
func (b *Bodies) Peak() (bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pools[unknown].peak + b.pools[known].peak
}

// take finds room for more of a body, waiting for it if need be.
func (b *Bodies) take(body *Body, size int64) error {
	p := &b.pools[body.class]
	b.mu.Lock()
	if body.cut {
		b.mu.Unlock()
		return errCut(nil)
	}
	if p.waiting.Len() == 0 && p.used+size <= p.total {
		b.give(p, body, size)
		b.mu.Unlock()
		return nil
	}
	if body.class == unknown && body.Provable {
		b.mu.Unlock()
		return errUnknown("there is no room for bodies of unknown callers at the moment")
	}
	w := &wish{body: body, size: size, heard: make(chan struct{})}
	place := p.waiting.PushBack(w)
	body.notComing() // it is us who keep it from coming
	if !p.relieved {
		p.relieved = true
		go b.relieve(p)
	}
	patience := time.NewTimer(b.limits.Patience)
	b.mu.Unlock()
	defer patience.Stop()
	select {
	case <-w.heard:
	case <-patience.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case body.cut:
		return errCut(nil)
	case w.granted:
		return nil
	}
	p.waiting.Remove(place)
	b.admit(p)
	b.shed.Add(1)
	body.setDeadline(b.now().Add(b.limits.Stall)) // for the server, which reads on
	return fault.New(fault.Unavailable, "Too many large bodies are on their way at the moment; try again").WithCode(fault.CodeRetry).At("body")
}

// give takes room for a body, which thereby has made progress. The lock is held.
func (b *Bodies) give(p *pool, body *Body, size int64) {
	p.used += size
	p.peak = max(p.peak, p.used)
	body.held[body.class] += size
	body.notComing()
	body.comingIn, body.place = &p.coming, p.coming.PushBack(body)
	body.mark()
}

// admit lets those in who wait, for as far as there is room. The lock is held.
func (b *Bodies) admit(p *pool) {
	for first := p.waiting.Front(); first != nil; first = p.waiting.Front() {
		w := first.Value.(*wish) // the list holds nothing else
		if p.used+w.size > p.total {
			return
		}
		p.waiting.Remove(first)
		b.give(p, w.body, w.size)
		w.granted = true
		close(w.heard)
	}
}

// relieve has bodies that make no progress give way for as long as others wait.
func (b *Bodies) relieve(p *pool) {
	for {
		b.mu.Lock()
		if p.waiting.Len() == 0 {
			p.relieved = false
			b.mu.Unlock()
			return
		}
		pause := b.cutStalled(p)
		b.mu.Unlock()
		time.Sleep(pause)
	}
}

// cutStalled tells as many bodies to give way as those who wait need, and says when to look again. The lock is held.
func (b *Bodies) cutStalled(p *pool) time.Duration {
	need := p.used - p.cutting - p.total
	for w := p.waiting.Front(); w != nil; w = w.Next() {
		need += w.Value.(*wish).size // the list holds nothing else
	}
	now := b.now()
	for need > 0 && p.coming.Len() > 0 {
		body := p.coming.Front().Value.(*Body) // the list holds nothing else
		if left := body.progress.Add(b.limits.Stall).Sub(now); left > 0 {
			return left
		}
		before := p.cutting
		b.tellToGive(body)
		need -= p.cutting - before
	}
	if p.coming.Len() == 0 {
		b.cutWaiting(p)
	}
	return b.limits.Stall
}

// cutWaiting lets the first of those who wait go on when all room is held by others who wait, too: the last ones give way. The lock is held.
func (b *Bodies) cutWaiting(p *pool) {
	var held int64
	for w := p.waiting.Front(); w != nil; w = w.Next() {
		held += w.Value.(*wish).body.held[known] + w.Value.(*wish).body.held[unknown] // the list holds nothing else
	}
	if p.used-p.cutting > held {
		return // others will be done, and give back what they have
	}
	for last := p.waiting.Back(); last != nil && last != p.waiting.Front(); last = p.waiting.Back() {
		first, w := p.waiting.Front().Value.(*wish), last.Value.(*wish) // the list holds nothing else
		if p.used-p.cutting+first.size <= p.total {
			return
		}
		p.waiting.Remove(last)
		b.tellToGive(w.body)
		close(w.heard)
	}
}

// tellToGive has a body's reader end with an error, upon which it gives back what the body holds. The lock is held.
func (b *Bodies) tellToGive(body *Body) {
	for c := range b.pools {
		b.pools[c].cutting += body.held[c]
	}
	body.notComing()
	body.cut = true
	body.setDeadline(time.Unix(1, 0))
	b.cut.Add(1)
}

// cameOn notes that a body made progress.
func (b *Bodies) cameOn(body *Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body.mark()
}

// done takes back all room of a body.
func (b *Bodies) done(body *Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body.notComing()
	body.closed = true
	for c := range b.pools {
		p := &b.pools[c]
		p.used -= body.held[c]
		if body.cut {
			p.cutting -= body.held[c]
		}
		body.held[c] = 0
		b.admit(p)
	}
}

// Describe implements prometheus.Collector.
func (b *Bodies) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(b, out) }

// Collect implements prometheus.Collector.
func (b *Bodies) Collect(out chan<- prometheus.Metric) {
	type figure struct{ bytes, limit, waiting float64 }
	var figures [classes]figure
	b.mu.Lock()
	for c := range b.pools {
		p := &b.pools[c]
		figures[c] = figure{float64(p.used), float64(p.total), float64(p.waiting.Len())}
	}
	b.mu.Unlock()
	desc := func(name, help, label string) *prometheus.Desc {
		return prometheus.NewDesc("fluent_bodies_"+name, help, []string{label}, nil)
	}
	for c, f := range figures {
		name := class(c).String()
		out <- prometheus.MustNewConstMetric(desc("bytes", "Bytes of requests' bodies that are held, by what is known of the caller.", "caller"), prometheus.GaugeValue, f.bytes, name)
		out <- prometheus.MustNewConstMetric(desc("bytes_limit", "Bytes of requests' bodies that may be held.", "caller"), prometheus.GaugeValue, f.limit, name)
		out <- prometheus.MustNewConstMetric(desc("waiting", "Bodies that wait for room.", "caller"), prometheus.GaugeValue, f.waiting, name)
	}
	refused := desc("refused_total", "Bodies that were not read to their end: no room in time (full), gave way to others (stalled), too slow (slow).", "reason")
	for reason, n := range map[string]*atomic.Int64{"full": &b.shed, "stalled": &b.cut, "slow": &b.slow} {
		out <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(n.Load()), reason)
	}
}
