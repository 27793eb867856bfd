package identity

// Cached is how many principals are in memory.
func (s *Service) Cached() int {
	s.principals.mu.Lock()
	defer s.principals.mu.Unlock()
	return len(s.principals.cached)
}
