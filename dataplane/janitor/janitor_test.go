package janitor_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/janitor"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/tenancy"
)

// shelf counts down what is left of each kind, and notes for how long each account's things are kept.
type shelf struct {
	left   map[store.Purgeable]int
	calls  int
	ages   map[tenancy.AccountID]map[store.Purgeable]time.Duration
	broken tenancy.AccountID
}

func (s *shelf) Purge(_ context.Context, account tenancy.AccountID, what store.Purgeable, age time.Duration, limit int) (int, error) {
	s.calls++
	if account == s.broken {
		return 0, errors.New("broken")
	}
	if s.ages[account] == nil {
		s.ages[account] = map[store.Purgeable]time.Duration{}
	}
	s.ages[account][what] = age
	n := min(limit, s.left[what])
	s.left[what] -= n
	return n, nil
}

func cleaner(s *shelf, mine func() bool, accounts ...tenancy.AccountID) *janitor.Janitor {
	return janitor.New(janitor.Deps{
		Store: s, Accounts: func() []tenancy.AccountID { return accounts }, Mine: mine, Logger: slog.New(slog.DiscardHandler),
		Settings: func(_ context.Context, scope tenancy.Scope, _ ...string) (map[string]*foundation.Setting, error) {
			if scope.Account() == "ACME" {
				return map[string]*foundation.Setting{"RETENTION_EVENT_DAYS": {Value: "30"}, "RETENTION_JOB_DAYS": {Value: "0"}}, nil
			}
			return nil, nil
		},
	}, janitor.Config{Rows: 10, Rest: time.Nanosecond})
}

func TestARoundRemovesAllInSmallBites(t *testing.T) {
	t.Parallel()
	s := &shelf{left: map[store.Purgeable]int{store.PurgeEvents: 35}, ages: map[tenancy.AccountID]map[store.Purgeable]time.Duration{}, broken: "BAD"}
	err := cleaner(s, func() bool { return true }, "BAD", "ACME", "OTHER").Round(t.Context())
	require.ErrorContains(t, err, "account BAD", "and the others are cleaned all the same")
	require.Zero(t, s.left[store.PurgeEvents])
	const day = 24 * time.Hour
	require.Equal(t, 30*day, s.ages["ACME"][store.PurgeTrails], "the account's setting")
	require.Equal(t, 90*day, s.ages["ACME"][store.PurgeJobs], "a setting of 0 days would remove all, so it counts as none")
	require.Equal(t, 130*day, s.ages["OTHER"][store.PurgeEvents])
	require.Equal(t, 7*day, s.ages["OTHER"][store.PurgeBatchRows])
}

func TestAJanitorStopsWhenAnotherNodeTakesOver(t *testing.T) {
	t.Parallel()
	s := &shelf{left: map[store.Purgeable]int{store.PurgeEvents: 1000}, ages: map[tenancy.AccountID]map[store.Purgeable]time.Duration{}}
	require.NoError(t, cleaner(s, func() bool { return s.calls < 3 }, "ACME").Round(t.Context()))
	require.Equal(t, 3, s.calls)
	require.Equal(t, 970, s.left[store.PurgeEvents])
}
