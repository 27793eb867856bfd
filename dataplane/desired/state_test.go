package desired_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

func account(name, state string) *nodev1.Resource {
	return &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name, State: state}}}
}

func apply(t *testing.T, s *desired.State, frames ...*nodev1.WatchResponse) {
	t.Helper()
	for _, f := range frames {
		s.Apply(f)
	}
}

func snapshot(r *nodev1.Resource) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: r}}
}

func end(incarnation string, index uint64) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: incarnation, Index: index}}}
}

func update(index uint64, r *nodev1.Resource, deleted bool) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: index, Resource: r, Deleted: deleted}}}
}

func TestASnapshotReplacesEverythingAtItsEnd(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	apply(t, s, snapshot(account("OLD", "ACTIVE")), end("one", 5))
	apply(t, s, snapshot(account("NEW", "ACTIVE")))
	require.NotNil(t, s.View().Account("OLD"), "half a snapshot must not be seen")
	require.Nil(t, s.View().Account("NEW"))
	apply(t, s, end("two", 9))
	require.Nil(t, s.View().Account("OLD"))
	require.NotNil(t, s.View().Account("NEW"))
	require.EqualValues(t, 9, s.View().Index)
	require.Equal(t, "two", s.View().Incarnation)
}

func TestHalfASnapshotOfAnEarlierStreamIsDropped(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	apply(t, s, snapshot(account("OLD", "ACTIVE")))
	s.Begin()
	apply(t, s, snapshot(account("NEW", "ACTIVE")), end("one", 5))
	require.Nil(t, s.View().Account("OLD"))
	require.NotNil(t, s.View().Account("NEW"))
}

func TestChangesAreOnDiskBeforeTheyAreSeen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s, err := desired.Open(path)
	require.NoError(t, err)
	changed := s.Changed()
	apply(t, s, snapshot(account("ACME", "ACTIVE")), snapshot(account("GONE", "ACTIVE")), end("one", 5),
		update(6, account("ACME", "SUSPENDED"), false), update(7, account("GONE", ""), true))
	<-changed

	again, err := desired.Open(path)
	require.NoError(t, err)
	require.Equal(t, "SUSPENDED", again.View().Account("ACME").GetState())
	require.Nil(t, again.View().Account("GONE"))
	require.EqualValues(t, 7, again.View().Index)
	require.Equal(t, "one", again.View().Incarnation)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "only the file itself")
}

func TestFramesThatAreGivenTogetherAreSeenTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s, err := desired.Open(path)
	require.NoError(t, err)
	changed := s.Changed()
	reset := s.Apply(snapshot(account("ACME", "ACTIVE")), end("one", 5), update(6, account("LATE", "ACTIVE"), false),
		update(7, account("LATE", "SUSPENDED"), false), update(8, account("ACME", ""), true), snapshot(account("HALF", "ACTIVE")))
	require.False(t, reset)
	<-changed
	again, err := desired.Open(path)
	require.NoError(t, err)
	for _, v := range []*desired.View{s.View(), again.View()} {
		require.EqualValues(t, 8, v.Index)
		require.Nil(t, v.Account("ACME"))
		require.Equal(t, "SUSPENDED", v.Account("LATE").GetState())
		require.Nil(t, v.Account("HALF"))
	}

	reset = s.Apply(update(9, account("LAST", "ACTIVE"), false), &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Reset_{Reset_: &nodev1.Reset{}}},
		update(10, account("AFTER", "ACTIVE"), false))
	require.True(t, reset)
	require.NotNil(t, s.View().Account("LAST"))
	require.Nil(t, s.View().Account("AFTER"))
}

func TestAfterAResetTheNextStreamBeginsAnewButTheOldStateServes(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	apply(t, s, snapshot(account("ACME", "ACTIVE")), end("one", 5))
	reset := s.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Reset_{Reset_: &nodev1.Reset{Reason: "restored"}}})
	require.True(t, reset)
	s.Forget()
	require.NotNil(t, s.View().Account("ACME"))
	require.Empty(t, s.View().Incarnation)
	require.Zero(t, s.View().Index)
}

func TestHostsLeadToAccounts(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	withHost := account("ACME", "ACTIVE")
	withHost.GetAccount().Hosts = []string{"Shop.example"}
	apply(t, s, snapshot(withHost), end("one", 1))
	for host, want := range map[string]string{
		"acme.localhost": "ACME", "acme.localhost:8080": "ACME", "ACME.api.example": "ACME", "acme.localhost.": "ACME",
		"shop.example:443": "ACME", "SHOP.example": "ACME", "shop.example.:443": "ACME",
		"acme": "", "localhost": "", "localhost.": "", "127.0.0.1:8080": "", "127.0.0.1": "", "[::1]:8080": "", "[::ffff:127.0.0.1]": "", "": "",
		"other.localhost": "OTHER", "Other.localhost:80": "OTHER", "shop.other.example": "SHOP",
	} {
		require.Equal(t, want, s.View().AccountByHost(host), host)
	}
}

// TestWhatCannotBeKeptIsKnownAllTheSame: the folder goes away and comes back.
func TestWhatCannotBeKeptIsKnownAllTheSame(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "desired")
	s, err := desired.Open(path)
	require.NoError(t, err)
	apply(t, s, snapshot(account("ACME", "ACTIVE")), end("one", 5))
	require.NoError(t, s.Unkept())
	require.NoError(t, os.Rename(dir, dir+".away"))
	apply(t, s, update(6, account("LATE", "ACTIVE"), false))
	require.NotNil(t, s.View().Account("LATE"))
	require.ErrorContains(t, s.Unkept(), "keep the desired state")

	require.NoError(t, os.Rename(dir+".away", dir))
	old, err := desired.Open(path)
	require.NoError(t, err)
	require.EqualValues(t, 5, old.View().Index)
	require.NoError(t, s.Unkept())
	caught, err := desired.Open(path)
	require.NoError(t, err)
	require.NotNil(t, caught.View().Account("LATE"))
	require.EqualValues(t, 6, caught.View().Index)
}

// TestAHostThatMovedIsNotTakenAlong has the account that had a host change after another one has got it.
func TestAHostThatMovedIsNotTakenAlong(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	with := func(name string, hosts []string, clients ...*nodev1.ApiClient) *nodev1.Resource {
		r := account(name, "ACTIVE")
		r.GetAccount().Hosts, r.GetAccount().Clients = hosts, clients
		return r
	}
	apply(t, s, end("one", 1), update(2, with("OLD", []string{"shop.example"}), false), update(3, with("NEW", []string{"shop.example"}), false),
		update(4, with("OLD", nil), false))
	require.Equal(t, "NEW", s.View().AccountByHost("shop.example"))
	apply(t, s, update(5, with("OLD", nil), true))
	require.Equal(t, "NEW", s.View().AccountByHost("shop.example"))
	apply(t, s, update(6, with("NEW", nil), true))
	require.Equal(t, "SHOP", s.View().AccountByHost("shop.example"))
}
