package janitor_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/janitor"
	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

const day = 24 * time.Hour

// shelf counts down what is left of each kind, and notes for how long each account's things are kept.
type shelf struct {
	left   map[retention.Kind]int
	calls  int
	ages   map[tenancy.AccountID]map[retention.Kind]time.Duration
	broken tenancy.AccountID
}

func (s *shelf) Purge(_ context.Context, account tenancy.AccountID, what retention.Kind, age time.Duration, limit int) (int, error) {
	s.calls++
	if account == s.broken {
		return 0, errors.New("broken")
	}
	if s.ages[account] == nil {
		s.ages[account] = map[retention.Kind]time.Duration{}
	}
	s.ages[account][what] = age
	n := min(limit, s.left[what])
	s.left[what] -= n
	return n, nil
}

func cleaner(s *shelf, jobDays string, mine func() bool, accounts ...tenancy.AccountID) *janitor.Janitor {
	return janitor.New(janitor.Deps{
		Store: s, Accounts: func() []tenancy.AccountID { return accounts }, Mine: mine, Logger: slog.New(slog.DiscardHandler),
		Settings: func(_ context.Context, scope tenancy.Scope, _ ...setting.Reading) (setting.Held, error) {
			if scope.Account() == "ACME" {
				return setting.Hold([]*foundation.Setting{{Name: "RETENTION_EVENT_DAYS", Context: "ACCOUNT", Value: "30"}, {Name: "RETENTION_JOB_DAYS", Context: "ACCOUNT", Value: jobDays}}), nil
			}
			return nil, nil
		},
	}, janitor.Config{Rows: 10, Rest: time.Nanosecond})
}

func TestARoundRemovesAllInSmallBites(t *testing.T) {
	t.Parallel()
	s := &shelf{left: map[retention.Kind]int{retention.Events: 35}, ages: map[tenancy.AccountID]map[retention.Kind]time.Duration{}, broken: "BAD"}
	err := cleaner(s, "90", func() bool { return true }, "BAD", "ACME", "OTHER").Round(t.Context())
	require.ErrorContains(t, err, "account BAD", "and the others are cleaned all the same")
	require.Zero(t, s.left[retention.Events])
	require.Equal(t, 30*day, s.ages["ACME"][retention.Trails], "the account's setting")
	require.Equal(t, 130*day, s.ages["OTHER"][retention.Events])
	require.Equal(t, 7*day, s.ages["OTHER"][retention.BatchRows])
}

// TestWhatNobodyCanReadRemovesNothing: 0 days would remove all, and 3 weeks say nothing; what they are about is kept, and all else is cleaned.
func TestWhatNobodyCanReadRemovesNothing(t *testing.T) {
	t.Parallel()
	for _, days := range []string{"0", "-1", "3 weeks", "3651", "1.5"} {
		s := &shelf{left: map[retention.Kind]int{}, ages: map[tenancy.AccountID]map[retention.Kind]time.Duration{}}
		err := cleaner(s, days, func() bool { return true }, "ACME", "OTHER").Round(t.Context())
		for _, what := range []string{"account ACME: batches", "\njobs"} {
			require.ErrorContains(t, err, what+" are not removed: setting RETENTION_JOB_DAYS of ACCOUNT: "+strconv.Quote(days)+" is no whole number of days")
		}
		require.NotContains(t, s.ages["ACME"], retention.Jobs, days)
		require.NotContains(t, s.ages["ACME"], retention.Batches, days)
		require.Contains(t, s.ages["ACME"], retention.SignIns, days)
		require.Contains(t, s.ages["OTHER"], retention.Jobs, days)
	}
}

func TestAJanitorStopsWhenAnotherNodeTakesOver(t *testing.T) {
	t.Parallel()
	s := &shelf{left: map[retention.Kind]int{retention.Events: 1000}, ages: map[tenancy.AccountID]map[retention.Kind]time.Duration{}}
	require.NoError(t, cleaner(s, "90", func() bool { return s.calls < 3 }, "ACME").Round(t.Context()))
	require.Equal(t, 3, s.calls)
	require.Equal(t, 970, s.left[retention.Events])
}
