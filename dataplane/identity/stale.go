package identity

import (
	"maps"
	"time"
)

// forgetStale drops principals that are too old to serve. Who used an account a moment ago leaves nothing of it behind, so that a node's
// memory follows what is in use and not what ever was.
func (p *principals) forgetStale(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.cached)
	maps.DeleteFunc(p.cached, func(_ principalKey, c cachedPrincipal) bool { return now.Sub(c.loaded) >= principalAge })
	if len(p.cached) < before/2 { // a map never shrinks
		p.cached = maps.Clone(p.cached)
	}
}
