package identity

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/tenancy"
)

// Counting lets so many wrong client secrets be counted, and no more.
func (s *Service) Counting(most int) { s.guards.clients = rate.NewLimiter(0, most) }

// Telling lets so many failures be lines in the log, and no more.
func (s *Service) Telling(most int) { s.guards.lines = rate.NewLimiter(0, most) }

// Cached is how many principals are in memory.
func (s *Service) Cached() int {
	s.principals.mu.Lock()
	defer s.principals.mu.Unlock()
	return len(s.principals.cached)
}

// Forget drops all principals, as a second that passes does.
func (s *Service) Forget() { s.principals.forgetStale(time.Now().Add(time.Hour)) }

// ReadRevocations does what Run does each second.
func (s *Service) ReadRevocations(ctx context.Context) error { return s.refreshRevocations(ctx) }

// ReadPolicies does what Run does each second.
func (s *Service) ReadPolicies(ctx context.Context) error { return s.refreshPolicies(ctx) }

// Refuses reports whether a token is known to be revoked.
func (s *Service) Refuses(account tenancy.AccountID, id string) bool {
	return s.isRevoked(token.Tenant{Account: account, ID: id})
}
