package conformance

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/tenancy"
)

// signIns lets a crowd guess a user's password at once, then the user and an administrator come.
func signIns(b *bench) {
	other := scopeOf(b.t, "OTHER")
	b.guess("user ann", "192.0.2.1", 40, 5)
	ann := access.SignIn{Subject: "user ann", Source: "192.0.2.7"}
	tr := &store.Trace{}
	reserved, err := access.ReserveSignIn(store.WithTrace(b.ctx, tr), b.db, b.scope, ann)
	require.NoError(b.t, err)
	require.Zero(b.t, reserved.Wait)
	require.Equal(b.t, 2, tr.RoundTrips())
	require.NoError(b.t, access.SucceedSignIn(b.ctx, b.db, b.scope, reserved))
	for i := range 30 { // her name is tried from everywhere
		b.reserve(b.scope, access.SignIn{Subject: "user ann", Source: fmt.Sprintf("198.51.100.%d", i)})
	}
	elsewhere := access.SignIn{Subject: "user ann", Source: "203.0.113.1"}
	require.Positive(b.t, b.reserve(b.scope, elsewhere))
	require.Zero(b.t, b.reserve(b.scope, ann), "where she last signed in, nobody else delays her")
	require.Zero(b.t, b.reserve(other, elsewhere), "another account's user of that name")
	require.NoError(b.t, access.UnlockSignIn(b.ctx, b.db, b.scope, "user ann"))
	require.NoError(b.t, access.UnlockSignIn(b.ctx, b.db, b.scope, "user of whom nothing is known"))
	require.Zero(b.t, b.reserve(b.scope, elsewhere))

	for i := range 60 { // a source tries many names, of no account in particular
		b.reserve(tenancy.Scope{}, access.SignIn{Subject: fmt.Sprint("client ", i), Source: "192.0.2.7"})
	}
	require.Positive(b.t, b.reserve(b.scope, access.SignIn{Subject: "user bob", Source: "192.0.2.7"}), "a source is one in the whole environment")
	require.Zero(b.t, b.reserve(b.scope, ann))
	b.listAndPurge(other)
}

func (b *bench) reserve(scope tenancy.Scope, who access.SignIn) time.Duration {
	b.t.Helper()
	reserved, err := access.ReserveSignIn(b.ctx, b.db, scope, who)
	require.NoError(b.t, err)
	return reserved.Wait
}

// guess lets attempts be made all at once and counts those that need not wait.
func (b *bench) guess(subject, source string, attempts, want int) {
	var group sync.WaitGroup
	var passed atomic.Int64
	for range attempts {
		group.Go(func() {
			reserved, err := access.ReserveSignIn(b.ctx, b.db, b.scope, access.SignIn{Subject: subject, Source: source})
			if err == nil && reserved.Wait == 0 {
				passed.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(b.t, want, passed.Load())
}

func (b *bench) listAndPurge(other tenancy.Scope) {
	r := b.db.Reader(b.scope)
	all, err := access.FailedSignIns(b.ctx, r, "", 100)
	require.NoError(b.t, err)
	require.Greater(b.t, len(all), 10)
	times := map[string]int{}
	for _, f := range all {
		require.Equal(b.t, "user ann", f.Subject, "bob was not even tried")
		require.WithinDuration(b.t, b.db.Now(b.ctx), f.LastOn, time.Hour)
		times[f.Source] = f.Times
	}
	require.Equal(b.t, 5, times["192.0.2.1"])
	require.Equal(b.t, 2, times["192.0.2.7"])
	few, err := access.FailedSignIns(b.ctx, r, "user bob", 100)
	require.NoError(b.t, err)
	require.Empty(b.t, few)
	theirs, err := access.FailedSignIns(b.ctx, b.db.Reader(other), "", 100)
	require.NoError(b.t, err)
	require.Len(b.t, theirs, 1)

	n, err := access.PurgeSignIns(b.ctx, b.db, b.scope, time.Hour, 10, 1000)
	require.NoError(b.t, err)
	require.Positive(b.t, n)
	all, err = access.FailedSignIns(b.ctx, r, "", 100)
	require.NoError(b.t, err)
	require.LessOrEqual(b.t, len(all), 10, "more than ten are not kept")
	n, err = access.PurgeSignIns(b.ctx, b.db, scopeOf(b.t, string(store.Nobody)), -time.Minute, 1000, 1000)
	require.NoError(b.t, err)
	require.Greater(b.t, n, 100, "all of them are old")
	require.Zero(b.t, b.reserve(other, access.SignIn{Subject: "user bob", Source: "192.0.2.7"}))
}
