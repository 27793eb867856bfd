package identity

import "golang.org/x/time/rate"

// Counting lets so many wrong client secrets be counted, and no more.
func (s *Service) Counting(most int) { s.guards.clients = rate.NewLimiter(0, most) }

// Cached is how many principals are in memory.
func (s *Service) Cached() int {
	s.principals.mu.Lock()
	defer s.principals.mu.Unlock()
	return len(s.principals.cached)
}
