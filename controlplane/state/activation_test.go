package state_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// works is what retailer 1 of an account works by.
func (l *log) works(account string) *statev1.Activation {
	l.t.Helper()
	a, found := state.Activations.Get(l.store.View(), state.RetailerKey(account, 1))
	require.True(l.t, found)
	return a
}

// try makes a version of retailer 1 of ACME that nothing works by, and returns its id.
func (l *log) try(hash string) string {
	l.t.Helper()
	done := l.must(&statev1.CommitConfiguration{
		Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": hash}, Author: "ann", Message: hash, CommitOnly: true,
	}).Message.(*statev1.ConfigurationCommitted)
	require.Nil(l.t, done.GetActivation())
	return done.GetVersion().GetId()
}

func (l *log) activate(stable, candidate string, share uint32) state.Result {
	l.t.Helper()
	return l.apply(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: stable, Candidate: candidate, Share: share})
}

// hears is the one thing that nodes of the shared environment have heard of since an index.
func (l *log) hears(since state.View) *nodev1.Configuration {
	l.t.Helper()
	changes, err := since.Follow("shared", since.Index())
	require.NoError(l.t, err)
	all := changes.There()
	require.Len(l.t, all, 1)
	require.False(l.t, all[0].GetDeleted())
	return all[0].GetResource().GetConfiguration()
}

// two has an account with a retailer and its two neighbours: another account, and another retailer of the same.
func two(t *testing.T) *log {
	t.Helper()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	l.provision(l.account("BETA"))
	made := l.must(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}}).Message.(*statev1.RetailerCreated)
	l.must(&statev1.RetailerPrepared{Operation: made.GetOperation().GetId(), Artefacts: map[string]string{"workflow/A": "1"}, Through: true})
	return l
}

// TestCommittingActivatesNothing commits a version, and one upon that: who works by what does not change, and nodes hear nothing.
func TestCommittingActivatesNothing(t *testing.T) {
	t.Parallel()
	l := two(t)
	before, retailers := l.works("ACME"), rows(t, state.Retailers, l.store)
	since := l.store.View()
	first := l.try("2")
	upon := l.must(&statev1.CommitConfiguration{
		Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/C": "3"}, BaseVersion: first, CommitOnly: true,
	}).Message.(*statev1.ConfigurationCommitted).GetVersion()
	require.Equal(t, map[string]string{"workflow/A": "2", "workflow/B": "2", "workflow/C": "3"}, upon.GetArtefacts())
	require.Equal(t, first, upon.GetParent())
	require.Equal(t, first, l.try("2"), "the same on the same is the same")
	require.Equal(t, before, l.works("ACME"))
	require.Equal(t, retailers, rows(t, state.Retailers, l.store))
	changes, err := since.Follow("shared", since.Index())
	require.NoError(t, err)
	require.Empty(t, changes.There())
	strange := l.apply(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, BaseVersion: l.works("BETA").GetStable(), CommitOnly: true})
	require.True(t, fault.Is(strange.Err, fault.NotFound), "%v", strange.Err)
}

// TestNodesHearOfAnActivationWhole tries a candidate on nothing, on half, on all, and makes it stable: each is one change that says all three facts.
func TestNodesHearOfAnActivationWhole(t *testing.T) {
	t.Parallel()
	l := two(t)
	stable, other := l.works("ACME").GetStable(), l.works("BETA")
	candidate := l.try("2")
	for _, step := range []struct {
		stable, candidate string
		share             uint32
	}{{stable, candidate, 0}, {stable, candidate, 5000}, {stable, candidate, 10_000}, {candidate, "", 0}, {candidate, stable, 1}, {stable, "", 0}} {
		since := l.store.View()
		done := l.activate(step.stable, step.candidate, step.share)
		require.NoError(t, done.Err)
		a := l.works("ACME")
		require.True(t, proto.Equal(a, done.Message))
		require.Equal(t, []any{step.stable, step.candidate, step.share, uint64(l.index)}, []any{a.GetStable(), a.GetCandidate(), a.GetShare(), a.GetIndex()})
		heard := l.hears(since)
		artefacts := map[string]map[string]string{stable: {"workflow/A": "1", "workflow/B": "2"}, candidate: {"workflow/A": "2", "workflow/B": "2"}}
		want := &nodev1.Configuration{Account: "ACME", Retailer: 1, Version: step.stable, Artefacts: artefacts[step.stable], Index: uint64(l.index)}
		if step.candidate != "" {
			want.Candidate = &nodev1.Candidate{Version: step.candidate, Artefacts: artefacts[step.candidate], Share: step.share}
		}
		require.True(t, proto.Equal(want, heard), "%v", heard)
		require.Equal(t, step.stable, retailer(l).GetVersion(), "operators are shown what is stable")
	}
	require.Equal(t, other, l.works("BETA"))
}

func retailer(l *log) *cpv1.Retailer {
	r, _ := state.Retailers.Get(l.store.View(), state.RetailerKey("ACME", 1))
	return r
}

// TestWhoActivatesTwiceChangesNothingTwice repeats a request, and asks in another one for what is so already.
func TestWhoActivatesTwiceChangesNothingTwice(t *testing.T) {
	t.Parallel()
	l := two(t)
	ask := &statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: l.works("ACME").GetStable(), Candidate: l.try("2"), Share: 100}
	etagged := retailer(l).GetEtag()
	l.must(ask, "try it")
	done, records := l.works("ACME"), len(audit(l.store))
	again := l.must(ask, "try it")
	require.True(t, again.Replayed)
	require.True(t, proto.Equal(done, again.Message))
	same := l.must(ask, "once more")
	require.True(t, proto.Equal(done, same.Message))
	require.Equal(t, done, l.works("ACME"), "of the same index")
	require.Len(t, audit(l.store), records)
	require.Equal(t, etagged, retailer(l).GetEtag(), "whoever is about to change the retailer is not in the way of a candidate")

	ask.Etag, ask.Share = index(l), 200
	require.True(t, fault.Is(l.apply(ask).Err, fault.Conflict), "it was decided on another")
	ask.Etag = strconv.FormatUint(done.GetIndex(), 10)
	l.must(ask)
	require.EqualValues(t, 200, l.works("ACME").GetShare())
	require.True(t, fault.Is(l.apply(ask).Err, fault.Conflict), "that one is over")
}

// TestOnlyARetailersOwnVersionsAreActivated asks for all that must be refused; nothing changes. Another's version reads like one that does not exist.
func TestOnlyARetailersOwnVersionsAreActivated(t *testing.T) {
	t.Parallel()
	l := two(t)
	stable, candidate := l.works("ACME").GetStable(), l.try("2")
	accounts, retailers := l.works("BETA").GetStable(), newest(t, l, 2)
	whole := l.must(&statev1.CommitConfiguration{Account: "ACME", Artefacts: map[string]string{"setting/S": "5"}}).Message.(*statev1.ConfigurationCommitted).GetVersion().GetId()
	before, own := rows(t, state.Activations, l.store), statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: stable, Candidate: candidate, Share: 1}
	for name, c := range map[string]struct {
		change func(*statev1.ActivateConfiguration)
		kind   fault.Kind
		field  string
	}{
		"no stable version":                   {func(c *statev1.ActivateConfiguration) { c.Stable = "" }, fault.NotFound, "stable"},
		"an unknown one":                      {func(c *statev1.ActivateConfiguration) { c.Stable = "none" }, fault.NotFound, "stable"},
		"another account's":                   {func(c *statev1.ActivateConfiguration) { c.Stable = accounts }, fault.NotFound, "stable"},
		"another retailer's":                  {func(c *statev1.ActivateConfiguration) { c.Stable = retailers }, fault.NotFound, "stable"},
		"the account's own":                   {func(c *statev1.ActivateConfiguration) { c.Stable = whole }, fault.NotFound, "stable"},
		"an unknown candidate":                {func(c *statev1.ActivateConfiguration) { c.Candidate = "none" }, fault.NotFound, "candidate"},
		"another account's as a candidate":    {func(c *statev1.ActivateConfiguration) { c.Candidate = accounts }, fault.NotFound, "candidate"},
		"another retailer's as a candidate":   {func(c *statev1.ActivateConfiguration) { c.Candidate = retailers }, fault.NotFound, "candidate"},
		"a candidate that is the stable one":  {func(c *statev1.ActivateConfiguration) { c.Candidate = stable }, fault.Invalid, "candidate"},
		"more than all":                       {func(c *statev1.ActivateConfiguration) { c.Share = 10_001 }, fault.Invalid, "share"},
		"a share of no candidate":             {func(c *statev1.ActivateConfiguration) { c.Candidate = "" }, fault.Invalid, "share"},
		"a retailer that does not exist":      {func(c *statev1.ActivateConfiguration) { c.Retailer = 9 }, fault.NotFound, ""},
		"an account that does not exist":      {func(c *statev1.ActivateConfiguration) { c.Account, c.Retailer = "NONE", 0 }, fault.NotFound, ""},
		"a retailer's version of the account": {func(c *statev1.ActivateConfiguration) { c.Retailer = 0 }, fault.NotFound, "stable"},
	} {
		ask := proto.CloneOf(&own)
		c.change(ask)
		f := fault.Of(l.apply(ask).Err)
		require.Equal(t, []any{c.kind, c.field}, []any{f.Kind, f.Field}, "%s: %v", name, f)
		require.Equal(t, before, rows(t, state.Activations, l.store), name)
	}
	own.Stable = "none"
	unknown := l.apply(proto.CloneOf(&own)).Err.Error()
	own.Stable = accounts
	foreign := l.apply(proto.CloneOf(&own)).Err.Error()
	require.Equal(t, unknown, strings.ReplaceAll(foreign, accounts, "none"))
	own.Stable = stable
	l.must(&own)
}

// TestACandidateIsNotUndoneByAnUpload: what is committed and activated at once stands on the stable version, and a candidate that became stable later
// would take it back.
func TestACandidateIsNotUndoneByAnUpload(t *testing.T) {
	t.Parallel()
	l := two(t)
	stable, candidate := l.works("ACME").GetStable(), l.try("2")
	upload := &statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/B": "9"}, BaseVersion: stable}
	require.NoError(t, l.activate(stable, candidate, 0).Err)
	before := l.works("ACME")
	f := fault.Of(l.apply(upload).Err)
	require.Equal(t, fault.Unprocessable, f.Kind)
	require.Equal(t, candidate, f.Meta["candidate"])
	require.Equal(t, before, l.works("ACME"))
	apart := l.must(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/B": "9"}, CommitOnly: true}).Message.(*statev1.ConfigurationCommitted)
	require.Equal(t, map[string]string{"workflow/A": "1", "workflow/B": "9"}, apart.GetVersion().GetArtefacts(), "what is only committed may stand on what is stable meanwhile")
	require.Equal(t, before, l.works("ACME"))
	l.must(&statev1.CommitConfiguration{Account: "ACME", Retailer: 2, Artefacts: map[string]string{"workflow/B": "9"}}) // no other's

	require.NoError(t, l.activate(candidate, "", 0).Err)
	require.True(t, fault.Is(l.apply(upload).Err, fault.Conflict), "it stood on another")
	upload.BaseVersion = candidate
	done := l.must(upload).Message.(*statev1.ConfigurationCommitted)
	require.Equal(t, map[string]string{"workflow/A": "2", "workflow/B": "9"}, done.GetVersion().GetArtefacts())
}

// TestNodesOfTheReleaseBeforeHearOfWhatIsStable reads what is said of a candidate as a release reads it that knows none.
func TestNodesOfTheReleaseBeforeHearOfWhatIsStable(t *testing.T) {
	t.Parallel()
	l := two(t)
	stable := l.works("ACME").GetStable()
	since := l.store.View()
	require.NoError(t, l.activate(stable, l.try("2"), 10_000).Err)
	now := l.hears(since)
	require.NotNil(t, now.GetCandidate())

	understood := toldBefore(t, now)
	want := proto.CloneOf(now)
	want.Candidate = nil
	require.True(t, proto.Equal(want, understood), "%v", understood)
}

// toldBefore is what a release before candidates understands of a configuration: the first five fields.
func toldBefore(t *testing.T, c *nodev1.Configuration) *nodev1.Configuration {
	t.Helper()
	declared := protodesc.ToDescriptorProto(c.ProtoReflect().Descriptor())
	declared.Field = declared.GetField()[:5]
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("before.proto"), Package: proto.String("fluent.node.v1"), Syntax: proto.String("proto3"), MessageType: []*descriptorpb.DescriptorProto{declared},
	}, nil)
	require.NoError(t, err)
	old := dynamicpb.NewMessage(file.Messages().Get(0))
	require.NoError(t, proto.Unmarshal(marshal(t, c), old))
	require.NotEmpty(t, old.GetUnknown(), "what it does not know it leaves aside")
	old.SetUnknown(nil)
	understood := &nodev1.Configuration{}
	require.NoError(t, proto.Unmarshal(marshal(t, old), understood))
	return understood
}

// TestWhatOlderServersCannotDoWaitsForTheUpgrade: they commit and activate at once, as before, and understand nothing else.
func TestWhatOlderServersCannotDoWaitsForTheUpgrade(t *testing.T) {
	t.Parallel()
	for want, body := range map[uint32][]proto.Message{
		1: {&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, BaseVersion: "v"}},
		6: {&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, CommitOnly: true}, &statev1.ActivateConfiguration{Account: "ACME", Retailer: 1}},
	} {
		for _, b := range body {
			c, err := state.Command(&statev1.Meta{}, b)
			require.NoError(t, err)
			require.Equal(t, want, c.GetSchema(), "%T", b)
		}
	}
}
