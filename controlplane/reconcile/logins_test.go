package reconcile_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// moody commits nothing for a while, as a cluster without a quorum does.
type moody struct {
	*world
	fails     int
	attempted chan []*statev1.FailedLogin
}

func (m *moody) Apply(_ context.Context, command *statev1.Command) (state.Result, error) {
	body := &statev1.NoteFailedLogins{}
	if err := proto.Unmarshal(command.GetBody(), body); err != nil {
		return state.Result{}, err
	}
	m.attempted <- body.GetFailures()
	if m.fails--; m.fails >= 0 {
		return state.Result{}, errors.New("no quorum")
	}
	return state.Result{}, nil
}

// TestFailedLoginsThatCouldNotBeWrittenAreWrittenLater has the log of commands refuse a record twice.
func TestFailedLoginsThatCouldNotBeWrittenAreWrittenLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(&statev1.RaiseSchemaFloor{Schema: 4})
	book := guess.NewBook(100)
	m := &moody{world: w, fails: 2, attempted: make(chan []*statev1.FailedLogin)}
	deps := w.deps()
	deps.Failures, deps.Committer = book, m
	book.Note("rita", "192.0.2.1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- reconcile.Logins(time.Millisecond)(ctx, deps) }()
	for range 3 {
		var list []*statev1.FailedLogin
		select {
		case list = <-m.attempted:
		case <-time.After(time.Minute):
			require.Fail(t, "they are forgotten")
		}
		require.Len(t, list, 1)
		require.Equal(t, "rita", list[0].GetUsername())
		require.EqualValues(t, 1, list[0].GetTimes())
	}
	cancel()
	require.NoError(t, <-ended)
}
