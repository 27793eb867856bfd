// Package conformance is the suite that every database engine under the store must pass. Tests of the store run it against each engine
// that the machine has.
package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/tenancy"
)

// Run runs the suite. fresh returns the address of a database with the current schema that nobody else uses.
func Run(t *testing.T, fresh func(t testing.TB) string) {
	suites := []struct {
		name string
		run  func(b *bench)
	}{
		{"entities of every type are written, changed, read and deleted", entities},
		{"an entity that is not there cannot be changed", missing},
		{"a unique key that is taken is named", taken},
		{"an update that merges writes each field once", merged},
		{"conditions select what they say", conditions},
		{"pages one after another are everything, both ways", pages},
		{"each parent has pages of its own", parentPages},
		{"cursors that were not handed out are refused", badCursors},
		{"links are made, followed and taken away", links},
		{"accounts do not see each other", accounts},
		{"what belongs together is loaded from one account", aggregates},
		{"each root comes with its own parts alone", parts},
		{"stock moves in one account", stockWalls},
		{"events, trails and batches are one account's", engineWalls},
		{"a scope with retailers sees only theirs", retailers},
		{"a scope with locations sees only what is at them", locations},
		{"write skew is prevented", writeSkew},
		{"a hot row loses no update", hotRow},
		{"a commit whose answer is lost is ambiguous", ambiguous},
		{"statements and round trips are as few as promised", costs},
		{"numbers are never given out twice", numbers},
		{"settings are found in the order of contexts", settings},
		{"a principal's roles come in one statement", principals},
		{"artefacts are found by their content", contents},
		{"versions of workflows are remembered as they were first", workflowVersions},
		{"revoked tokens are known", revocation},
		{"batches keep their rows and results", batches},
		{"the environment's keys are kept", environmentKeys},
		{"failed sign-ins are counted before they are checked", signIns},
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(newBench(t, fresh(t)))
		})
	}
}

// bench is one test's database.
type bench struct {
	t      *testing.T
	ctx    context.Context
	dsn    string
	db     *store.DB
	scope  tenancy.Scope
	values int // generated so far, so that no two texts are equal
}

func newBench(t *testing.T, dsn string) *bench {
	b := &bench{t: t, ctx: context.Background(), dsn: dsn, scope: scopeOf(t, "ACME")}
	b.db = b.open(dsn)
	return b
}

// open allows for slow machines: that a budget ends is tested elsewhere.
func (b *bench) open(dsn string) *store.DB {
	db, err := store.Open(b.ctx, dsn, store.Options{Catalogue: domain.Catalogue(), ReadConnections: 4, WriteConnections: 10, AcquireWait: time.Minute, WriteAttempts: 1000, WriteBudget: time.Minute})
	require.NoError(b.t, err)
	b.t.Cleanup(db.Close)
	return db
}

func scopeOf(t testing.TB, account string, retailers ...tenancy.RetailerID) tenancy.Scope {
	s, err := tenancy.NewScope(tenancy.AccountID(account), retailers...)
	require.NoError(t, err)
	return s
}

// write fails the test when the write fails.
func (b *bench) write(scope tenancy.Scope, fn func(tx *store.Tx) error) {
	b.t.Helper()
	require.NoError(b.t, b.db.Write(b.ctx, scope, fn))
}
