package configuration_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// world is a node's configurations and the control plane that they ask.
type world struct {
	t       *testing.T
	db      *store.DB
	state   *desired.State
	c       *configuration.Configurations
	scope   tenancy.Scope
	active  *nodev1.Configuration
	commits int
	asked   int                  // how often a commit was asked for
	before  func(w *world)       // runs once, ahead of the next commit
	after   func(w *world) error // says what the next commit answers after it was made
}

var flow = artefacts.Workflow{Retailer: 1, Name: "ORDER::HD"}

func newWorld(t *testing.T) *world {
	db := storetest.Open(t, dbtest.Template(t, "configuration", storetest.Migrate), store.Options{})
	state, err := desired.Open("")
	require.NoError(t, err)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	w := &world{t: t, db: db, state: state, c: configuration.New(state, artefacts.Of(db), configuration.Options{}), scope: scope}
	w.activate(&nodev1.Configuration{Account: "ACME", Retailer: 1, Version: "made"})
	return w
}

// activate lets the node hear of what is active.
func (w *world) activate(c *nodev1.Configuration) {
	w.commits++
	w.active = c
	w.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: c}}}},
		&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: "one", Index: uint64(w.commits)}}})
}

// Commit does what the control plane does.
func (w *world) Commit(_ context.Context, req *nodev1.CommitConfigurationRequest) (*nodev1.Configuration, error) {
	w.asked++
	if before := w.before; before != nil {
		w.before = nil
		before(w)
	}
	if req.GetBaseVersion() != w.active.GetVersion() {
		return nil, fault.New(fault.Conflict, "another version is active")
	}
	if w.active.GetCandidate() != nil {
		return nil, fault.New(fault.Unprocessable, "a candidate is tried")
	}
	artefacts := maps.Clone(w.active.GetArtefacts())
	if artefacts == nil {
		artefacts = map[string]string{}
	}
	maps.Copy(artefacts, req.GetArtefacts())
	w.activate(&nodev1.Configuration{Account: req.GetAccount(), Retailer: req.GetRetailer(), Version: fmt.Sprint("version ", w.commits), Artefacts: artefacts})
	if after := w.after; after != nil {
		w.after = nil
		return nil, after(w)
	}
	return w.active, nil
}

// upload stores a workflow that differs in its comment, and returns the version that it got.
func (w *world) upload(version, comment string) (string, error) {
	text := fmt.Appendf(nil, `{"statuses":[],"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","versionComment":%q,"rulesets":[],"version":%q}`, comment, version)
	parsed, err := workflow.Parse(text)
	require.NoError(w.t, err)
	got, _, err := w.c.Upload(w.t.Context(), configuration.Upload{Scope: w.scope, Text: text, Parsed: parsed, Control: w})
	return got, err
}

func (w *world) stores(sent, got, comment string) {
	w.t.Helper()
	version, err := w.upload(sent, comment)
	require.NoError(w.t, err)
	require.Equal(w.t, got, version)
}

// has demands these versions, newest first: "1.3 comment", with a star where one is active. Each has its text.
func (w *world) has(want ...string) {
	w.t.Helper()
	list, more, err := w.c.Versions(w.t.Context(), w.scope, flow, 0, 100)
	require.NoError(w.t, err)
	require.False(w.t, more)
	got := make([]string, len(list))
	for i, v := range list {
		version := workflow.VersionText(v.Number)
		got[i] = version + " " + v.Comment
		if v.Active {
			got[i] += "*"
		}
		require.NotZero(w.t, v.CreatedOn)
		text, err := w.c.TextOf(w.t.Context(), w.scope, flow, v.Number)
		require.NoError(w.t, err)
		require.Equal(w.t, fmt.Sprintf(`{"statuses":[],"retailerId":"1","entityType":"ORDER","entitySubtype":"HD","versionComment":%q,"rulesets":[],"version":%q}`, v.Comment, version), string(text))
	}
	require.Equal(w.t, want, got)
}

func TestEveryStoredVersionStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	w.stores("1.0", "1.1", "second")
	w.stores("1.7", "1.2", "third")
	w.stores("2.5", "2.0", "major")
	w.stores("1.0", "2.1", "last")
	w.has("2.1 last*", "2.0 major", "1.2 third*", "1.1 second", "1.0 first")

	page, more, err := w.c.Versions(t.Context(), w.scope, flow, 1, 2)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, []string{"major", "third"}, []string{page[0].Comment, page[1].Comment})
	page, more, err = w.c.Versions(t.Context(), w.scope, flow, 3, 2)
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, page, 2)
	page, more, err = w.c.Versions(t.Context(), w.scope, flow, 5, 2)
	require.NoError(t, err)
	require.False(t, more)
	require.Empty(t, page)

	newest, err := w.c.Text(t.Context(), w.scope, flow, configuration.Newest)
	require.NoError(t, err)
	require.Contains(t, string(newest), `"version":"2.1"`)
	newest, err = w.c.Text(t.Context(), w.scope, flow, 1)
	require.NoError(t, err)
	require.Contains(t, string(newest), `"version":"1.2"`)
}

func TestWhatIsNotThereIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	w.stores("1.0", "1.1", "second")
	other, err := tenancy.NewScope("OTHER")
	require.NoError(t, err)
	refused := func(err error, place string) {
		t.Helper()
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
		require.Equal(t, place, fault.Of(err).Field)
	}
	_, err = w.c.TextOf(t.Context(), w.scope, flow, 10002)
	refused(err, "version")
	_, err = w.c.Text(t.Context(), w.scope, flow, 2)
	refused(err, "version")
	for _, c := range []struct {
		scope tenancy.Scope
		of    artefacts.Workflow
	}{{w.scope, artefacts.Workflow{Retailer: 1, Name: "ORDER::CC"}}, {w.scope, artefacts.Workflow{Retailer: 2, Name: flow.Name}}, {other, flow}} {
		_, err = w.c.TextOf(t.Context(), c.scope, c.of, 10000)
		refused(err, "name")
		_, err = w.c.Text(t.Context(), c.scope, c.of, configuration.Newest)
		refused(err, "name")
		_, _, err = w.c.Versions(t.Context(), c.scope, c.of, 0, 10)
		refused(err, "name")
	}
}

// TestARefusedCommitLeavesNoVersion lets another upload come between an upload's reading and its commit.
func TestARefusedCommitLeavesNoVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	w.before = func(w *world) { w.stores("1.0", "1.1", "overtook") }
	w.stores("1.0", "1.2", "overtaken")
	w.has("1.2 overtaken*", "1.1 overtook", "1.0 first")

	w.before = func(w *world) {
		w.activate(&nodev1.Configuration{Account: "ACME", Retailer: 1, Version: "elsewhere", Artefacts: w.active.GetArtefacts()})
	}
	w.after = func(*world) error { return fault.New(fault.Unavailable, "no answer") }
	_, err := w.upload("1.0", "answer lost")
	require.Error(t, err)
	w.has("1.3 answer lost*", "1.2 overtaken", "1.1 overtook", "1.0 first")
}

// TestANodeMayDieAroundTheCommit ends an upload before the commit, and after it with nobody left to write anything down.
func TestANodeMayDieAroundTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	died := func(*world) { panic("died") }
	w.before = died
	require.Panics(t, func() { _, _ = w.upload("1.0", "before") })
	w.has("1.0 first*")
	w.after = func(w *world) error { died(w); return nil }
	require.Panics(t, func() { _, _ = w.upload("1.0", "after") })
	w.has("1.1 after*", "1.0 first")
	w.c = configuration.New(w.state, artefacts.Of(w.db), configuration.Options{}) // another node
	w.stores("1.0", "1.2", "next")
	w.has("1.2 next*", "1.1 after", "1.0 first")
}

// forgetful is a store that takes no versions while it fails.
type forgetful struct {
	artefacts.Store
	fails error
}

func (f *forgetful) Keep(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, v artefacts.Version) error {
	if f.fails != nil {
		return f.fails
	}
	return f.Store.Keep(ctx, scope, of, v)
}

// TestAVersionThatIsNotKeptIsLogged: the upload is done, so the caller gets no error. The log says whose version it is, once while it lasts, and when it
// is over.
func TestAVersionThatIsNotKeptIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log strings.Builder
	forgets := &forgetful{Store: artefacts.Of(w.db)}
	w.c = configuration.New(w.state, forgets, configuration.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	w.stores("1.0", "1.0", "first")
	require.Empty(t, log.String())
	for _, version := range []string{"1.1", "1.2"} {
		forgets.fails = nil
		w.after = func(*world) error { forgets.fails = errors.New("the disk is full"); return nil }
		w.stores("1.0", version, "not kept")
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "account ACME, retailer 1: workflow ORDER::HD 1.1: the disk is full")
	forgets.fails = nil
	w.stores("1.0", "1.3", "kept")
	require.Equal(t, 2, strings.Count(log.String(), "\n"), log.String())
	w.has("1.3 kept*", "1.2 not kept", "1.1 not kept", "1.0 first")
}

// TestNoVersionIsGivenOutTwice puts the control plane back to an older configuration, as from a backup.
func TestNoVersionIsGivenOutTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stores("1.0", "1.0", "first")
	old := w.active
	w.stores("1.0", "1.1", "second")
	w.stores("1.0", "1.2", "third")
	w.activate(old)
	w.has("1.2 third", "1.1 second", "1.0 first*")
	w.stores("1.0", "1.3", "anew")
	w.has("1.3 anew*", "1.2 third", "1.1 second", "1.0 first")
}

func TestARetailerThatIsNotReadyTakesNoWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.activate(&nodev1.Configuration{Account: "ACME", Retailer: 2, Version: "another's"})
	_, err := w.upload("1.0", "early")
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}

// TestAnUploadMendsABrokenWorkflow: that the active text cannot be read is no reason to refuse a better one.
func TestAnUploadMendsABrokenWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.activate(&nodev1.Configuration{Account: "ACME", Retailer: 1, Version: "made", Artefacts: map[string]string{
		configuration.ArtefactName(flow.Name, 10000): strings.Repeat("ab", 32), // which nobody has
	}})
	_, err := stableFlow(t, w.c, "ACME", 1, flow.Name, 0)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.True(t, w.c.Known("ACME", 1, flow.Name))
	w.stores("1.0", "1.0", "mended")
	got, err := stableFlow(t, w.c, "ACME", 1, flow.Name, 0)
	require.NoError(t, err)
	require.Equal(t, "mended", got.VersionComment)
}
