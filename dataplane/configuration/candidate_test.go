package configuration_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// keeps puts a text on the shelf of an account and returns its hash.
func (s *shop) keeps(n int, text string) string {
	sum := sha256.Sum256([]byte(text))
	s.texts[string(accountName(n))+"/"+hex.EncodeToString(sum[:])] = []byte(text)
	return hex.EncodeToString(sum[:])
}

// versions has retailer 1 work by ORDER::HD 1.4, and a candidate be tried that has 1.5 and 2.0 of it.
func (s *shop) versions(t *testing.T, share workflow.Share) {
	t.Helper()
	text := defaults(t, 1)["ORDER::HD"]
	as := func(version string) string {
		return s.keeps(1, strings.Replace(text, `"version": "1.0"`, `"version": "`+version+`"`, 1))
	}
	s.hear(&nodev1.Configuration{Account: string(accountName(1)), Retailer: 1, Version: "stable", Artefacts: map[string]string{"workflow/ORDER::HD/1": as("1.4")},
		Candidate: &nodev1.Candidate{Version: "tried", Share: uint32(share), Artefacts: map[string]string{"workflow/ORDER::HD/1": as("1.5"), "workflow/ORDER::HD/2": as("2.0")}}})
}

func (s *shop) hear(c *nodev1.Configuration) {
	s.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: 1,
		Resource: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: c}}}}})
}

// TestARootFollowsTheVersionThatItsShareSays, on two nodes alike; what is asked for no root is answered from what is stable.
func TestARootFollowsTheVersionThatItsShareSays(t *testing.T) {
	t.Parallel()
	first, second := newShop(t), newShop(t)
	nodes := []*configuration.Configurations{configuration.New(first.state, first, configuration.Options{}), configuration.New(second.state, second, configuration.Options{})}
	for _, share := range []workflow.Share{0, 5000, workflow.WholeShare} {
		first.versions(t, share)
		second.versions(t, share)
		candidates := 0
		for i := range 200 {
			root := workflow.Root{Type: "ORDER", ID: strconv.Itoa(i)}
			want := []any{"1.4", "stable", 10004, "1.4"} // of its major, of which version, of a new root, of a major that is not there
			if share.Takes(root) {
				candidates++
				want = []any{"1.5", "tried", 20000, "2.0"}
			}
			for n, c := range nodes {
				flow, under, err := c.Get(t.Context(), accountName(1), 1, workflow.Following{Name: "ORDER::HD", Version: 10002, Root: root})
				require.NoError(t, err)
				number, found, err := c.Current(t.Context(), accountName(1), 1, "ORDER::HD", root)
				require.NoError(t, err)
				require.True(t, found)
				made, _, err := c.Get(t.Context(), accountName(1), 1, workflow.Following{Name: "ORDER::HD", Version: 30000, Root: root})
				require.NoError(t, err)
				require.Equal(t, want, []any{flow.Version, under, number, made.Version}, "node %d, %v of %d", n, root, share)
			}
		}
		require.InDelta(t, int(share)*200/int(workflow.WholeShare), candidates, 30)
		for _, c := range nodes {
			flow, under, err := c.Get(t.Context(), accountName(1), 1, workflow.Following{Name: "ORDER::HD", Version: 20000})
			require.NoError(t, err)
			require.Equal(t, []string{"1.4", "stable"}, []string{flow.Version, under})
			require.Len(t, c.References(accountName(1), 1), 1)
		}
	}
	other, under, err := nodes[0].Get(t.Context(), accountName(1), 2, workflow.Following{Name: "ORDER::HD", Root: workflow.Root{Type: "ORDER", ID: "1"}})
	require.NoError(t, err)
	require.Nil(t, other, "another retailer's")
	require.Empty(t, under)
}

// TestABrokenCandidateBreaksNothingElse: a text of it is in no database. Roots in its share wait for a better one, and all others go on, new ones, too.
func TestABrokenCandidateBreaksNothingElse(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hear(&nodev1.Configuration{Account: string(accountName(1)), Retailer: 1, Version: "stable",
		Artefacts: map[string]string{"workflow/ORDER::HD/1": s.keeps(1, defaults(t, 1)["ORDER::HD"])},
		Candidate: &nodev1.Candidate{Version: "tried", Share: 5000, Artefacts: map[string]string{"workflow/ORDER::HD/1": strings.Repeat("ab", 32)}}})
	c := configuration.New(s.state, s, configuration.Options{})
	broken := 0
	for i := range 50 {
		root := workflow.Root{Type: "ORDER", ID: strconv.Itoa(i)}
		_, _, err := c.Get(t.Context(), accountName(1), 1, workflow.Following{Name: "ORDER::HD", Version: 10000, Root: root})
		_, _, made := c.Current(t.Context(), accountName(1), 1, "ORDER::HD", root)
		if workflow.Share(5000).Takes(root) {
			broken++
			require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
			require.True(t, fault.Is(made, fault.Unavailable), "%v", made)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, made)
	}
	require.Positive(t, broken)
	require.Less(t, broken, 50)
}

// TestWhatIsShownIsStable: lists, texts and versions are those of the stable version, and there is no upload while a candidate is tried.
func TestWhatIsShownIsStable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	stable := w.active
	tried, err := artefacts.Of(w.db).Put(t.Context(), w.scope, fmt.Appendf(nil, `{"statuses":[],"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","rulesets":[],"version":"1.7"}`))
	require.NoError(t, err)
	w.activate(&nodev1.Configuration{Account: "ACME", Retailer: 1, Version: stable.GetVersion(), Artefacts: stable.GetArtefacts(), Candidate: &nodev1.Candidate{
		Version: "tried", Share: uint32(workflow.WholeShare), Artefacts: map[string]string{configuration.ArtefactName(flow.Name, 10000): tried, configuration.ArtefactName("ORDER::CC", 10000): tried},
	}})
	w.has("1.0 first*")
	text, err := w.c.Text(t.Context(), w.scope, flow, configuration.Newest)
	require.NoError(t, err)
	require.Contains(t, string(text), "first")
	require.False(t, w.c.Known("ACME", 1, "ORDER::CC"), "it is the candidate's alone")
	_, err = w.c.TextOf(t.Context(), w.scope, artefacts.Workflow{Retailer: 1, Name: flow.Name}, 10007)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	asked := w.asked
	_, err = w.upload("1.0", "second")
	require.True(t, fault.Is(err, fault.Unprocessable), "%v", err)
	require.Equal(t, asked+1, w.asked, "what is refused for good is not tried again")
	w.has("1.0 first*")

	w.activate(stable)
	w.stores("1.0", "1.1", "second")
	got, _, err := w.c.Get(t.Context(), tenancy.AccountID("ACME"), 1, workflow.Following{Name: flow.Name, Version: 10000})
	require.NoError(t, err)
	require.Equal(t, "second", got.VersionComment)
}
