package configuration_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// shop is an environment whose texts are in memory: what is measured is what Configurations take.
type shop struct {
	artefacts.Store // unused: only texts are read
	state           *desired.State

	mu      sync.Mutex
	texts   map[string][]byte
	reads   int
	reading chan struct{} // hears of reads that begin
	gate    chan struct{} // reads wait for it
	fails   error         // what reads end with
}

func (s *shop) Get(ctx context.Context, scope tenancy.Scope, hash string) ([]byte, error) {
	if s.reading != nil {
		s.reading <- struct{}{}
	}
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.fails != nil {
		return nil, s.fails
	}
	if text := s.texts[string(scope.Account())+"/"+hash]; text != nil {
		return text, nil
	}
	return nil, fault.NotFoundf("there is no artefact %s", hash)
}

func newShop(t *testing.T) *shop {
	state, err := desired.Open("")
	require.NoError(t, err)
	return &shop{state: state, texts: map[string][]byte{}}
}

func accountName(n int) tenancy.AccountID { return tenancy.AccountID(fmt.Sprintf("ACCOUNT%d", n)) }

// open gives an account a retailer of the same number with these texts, as first majors unless a name says which.
func (s *shop) open(n int, texts map[string]string) {
	c := &nodev1.Configuration{Account: string(accountName(n)), Retailer: int32(n), Version: "made", Artefacts: map[string]string{}}
	for name, text := range texts {
		sum := sha256.Sum256([]byte(text))
		if !strings.Contains(name, "/") {
			name += "/1"
		}
		c.Artefacts["workflow/"+name] = hex.EncodeToString(sum[:])
		s.texts[c.Account+"/"+hex.EncodeToString(sum[:])] = []byte(text)
	}
	s.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: uint64(n),
		Resource: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: c}}}}})
}

// defaults are the texts that a new retailer gets.
func defaults(t *testing.T, retailer int) map[string]string {
	t.Helper()
	list, err := workflows.Default(int32(retailer))
	require.NoError(t, err)
	out := map[string]string{}
	for _, a := range list {
		out[a.Name] = string(a.Body)
	}
	return out
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestRetailersWithTheSameWorkflowsShareThem: many accounts use all their workflows, and there is one copy of each.
func TestRetailersWithTheSameWorkflowsShareThem(t *testing.T) {
	const accounts = 20
	s := newShop(t)
	for n := 1; n <= accounts; n++ {
		s.open(n, defaults(t, n))
	}
	c := configuration.New(s.state, s, configuration.Options{Memory: 64 << 20})
	names := defaults(t, 1)
	use := func(n int) {
		for name := range names {
			w, err := stableFlow(t, c, accountName(n), tenancy.RetailerID(n), name, 10000)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(n), w.RetailerID)
			require.Equal(t, "1.0", w.Version)
			require.Equal(t, name, w.Name)
		}
	}
	require.Zero(t, s.reads, "nothing is read before it is used")
	empty := heap()
	use(1)
	one := heap()
	parts := c.Stats().Parts
	counted := c.Stats().Bytes
	t.Logf("the first account: %d bytes of heap, counted as %d", one-empty, counted)
	require.Less(t, one-empty, uint64(2*counted), "the budget counts about what is taken")
	require.Greater(t, one-empty, uint64(counted/2))
	for n := 2; n <= accounts; n++ {
		use(n)
	}
	each := (heap() - one) / (accounts - 1)
	t.Logf("each further account with %d workflows in use: %d bytes of heap, counted as %d", len(names), each, (c.Stats().Bytes-counted)/(accounts-1))
	require.Less(t, each, uint64(24<<10))
	require.LessOrEqual(t, c.Stats().Parts, parts+14*accounts, "fourteen rulesets name the retailer's own catalogue; all others are the same")
	require.EqualValues(t, accounts*len(names), c.Stats().Workflows)
	reads := s.reads
	use(1)
	require.Equal(t, reads, s.reads, "what is kept is not read again")
	runtime.KeepAlive(c)
}

// TestParsedWorkflowsStayInTheirBudget: what was used longest ago goes, whoever works by it keeps it, and it comes back when it is wanted.
func TestParsedWorkflowsStayInTheirBudget(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const name, retailers, budget = "INVENTORY_CATALOGUE::DEFAULT", 20, 64 << 10
	text := defaults(t, 1)[name]
	for n := 1; n <= retailers; n++ {
		text := strings.ReplaceAll(text, `"ACTIVE"`, fmt.Sprintf(`"ACTIVE%d"`, n)) // each its own
		s.open(n, map[string]string{name: text})
	}
	c := configuration.New(s.state, s, configuration.Options{Memory: budget})
	get := func(n int) *workflow.Workflow {
		w, err := stableFlow(t, c, accountName(n), tenancy.RetailerID(n), name, 0)
		require.NoError(t, err)
		return w
	}
	first := get(1)
	rules := len(first.Rulesets)
	for n := 2; n <= retailers; n++ {
		get(n)
		require.LessOrEqual(t, c.Stats().Bytes, int64(budget))
		require.Positive(t, c.Stats().Workflows)
	}
	require.Less(t, c.Stats().Workflows, int64(retailers), "the budget is too small for all")
	require.Len(t, first.Rulesets, rules, "a turn keeps what it works by")
	reads := s.reads
	get(retailers)
	require.Equal(t, reads, s.reads, "the last used is kept")
	require.NotSame(t, first, get(1))
	require.Equal(t, reads+1, s.reads, "the first is read again")

	tiny := configuration.New(s.state, s, configuration.Options{Memory: 1})
	for range 2 {
		w, err := stableFlow(t, tiny, accountName(3), 3, name, 0)
		require.NoError(t, err)
		require.Len(t, w.Rulesets, rules)
		require.Zero(t, tiny.Stats().Bytes+tiny.Stats().Parts, "what fits no budget is not kept, and served all the same")
	}
}

// TestManyWhoWantOneWorkflowReadItOnce.
func TestManyWhoWantOneWorkflowReadItOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(1, defaults(t, 1))
	s.gate = make(chan struct{})
	c := configuration.New(s.state, s, configuration.Options{})
	var wait, begun sync.WaitGroup
	got := make([]*workflow.Workflow, 50)
	begun.Add(len(got))
	for i := range got {
		wait.Go(func() {
			begun.Done()
			w, _, err := c.Get(context.Background(), accountName(1), 1, workflow.Following{Name: "ORDER::HD"})
			if err == nil {
				got[i] = w
			}
		})
	}
	begun.Wait()
	for range 10_000 {
		runtime.Gosched() // so that they would be at the gate if each read for itself
	}
	close(s.gate)
	wait.Wait()
	for _, w := range got {
		require.Same(t, got[0], w)
	}
	require.NotNil(t, got[0])
	require.EqualValues(t, 1, c.Stats().Reads)
}

// TestABrokenWorkflowIsItsOwnRetailersTrouble: one whose text is not there, not what its hash says, or no workflow, is an error for who
// wants it, each time until it is mended. Others are served.
func TestABrokenWorkflowIsItsOwnRetailersTrouble(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(1, defaults(t, 1))
	s.open(2, map[string]string{"ORDER::HD": "no JSON"})
	s.open(3, defaults(t, 3))
	s.open(4, map[string]string{"ORDER::HD": defaults(t, 4)["ORDER::HD"], "ORDER::CC": defaults(t, 4)["ORDER::CC"]})
	kept := map[string][]byte{}
	for key, text := range s.texts {
		if strings.HasPrefix(key, "ACCOUNT3/") {
			kept[key] = text
			delete(s.texts, key)
		}
		if strings.HasPrefix(key, "ACCOUNT4/") && strings.Contains(string(text), `"ORDER::HD"`) {
			kept[key] = text
			s.texts[key] = append([]byte(" "), text...)
		}
	}
	c := configuration.New(s.state, s, configuration.Options{})
	get := func(n int, name string) error {
		_, err := stableFlow(t, c, accountName(n), tenancy.RetailerID(n), name, 0)
		return err
	}
	for range 2 {
		for n := 2; n <= 4; n++ {
			err := get(n, "ORDER::HD")
			require.True(t, fault.Is(err, fault.Unavailable), "account %d: %v", n, err)
			require.ErrorContains(t, err, fmt.Sprintf("Workflow ORDER::HD of retailer %d cannot be used", n))
			require.Contains(t, fault.Of(err).Detail, "Upload it again")
		}
		require.NoError(t, get(1, "ORDER::HD"))
		require.NoError(t, get(4, "ORDER::CC"), "not even its retailer's other workflows are concerned")
	}
	for key, text := range kept {
		s.texts[key] = text
	}
	require.NoError(t, get(3, "ORDER::HD"))
	require.NoError(t, get(4, "ORDER::HD"))
	require.Error(t, get(2, "ORDER::HD"))
}

// TestADatabaseThatIsTooSlowIsSaidSo: who waited for a workflow in vain may try again, and that is what he is told.
func TestADatabaseThatIsTooSlowIsSaidSo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(1, defaults(t, 1))
	s.fails = fmt.Errorf("read: %w", context.DeadlineExceeded)
	c := configuration.New(s.state, s, configuration.Options{})
	_, err := stableFlow(t, c, accountName(1), 1, "ORDER::HD", 0)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.ErrorContains(t, err, "could not be read in time")
	s.fails = nil
	_, err = stableFlow(t, c, accountName(1), 1, "ORDER::HD", 0)
	require.NoError(t, err)
}

// TestAKnownWorkflowCostsFewAllocations: it is looked for in every turn, and by every order that is placed.
func TestAKnownWorkflowCostsFewAllocations(t *testing.T) {
	s := newShop(t)
	s.open(1, defaults(t, 1))
	c := configuration.New(s.state, s, configuration.Options{})
	ctx := t.Context()
	for version, most := range map[int]float64{0: 4, 10000: 4} {
		got := testing.AllocsPerRun(100, func() {
			if w, _, err := c.Get(ctx, "ACCOUNT1", 1, workflow.Following{Name: "ORDER::HD", Version: version}); err != nil || w == nil {
				t.Error(w, err)
			}
		})
		t.Logf("version %d: %.0f allocations", version, got)
		require.LessOrEqual(t, got, most)
	}
}

// TestWhoGivesUpTakesTheReadingFromNobody has the caller go away whose request began to read what others may wait for, too.
func TestWhoGivesUpTakesTheReadingFromNobody(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(1, defaults(t, 1))
	s.gate, s.reading = make(chan struct{}), make(chan struct{}, 1)
	c := configuration.New(s.state, s, configuration.Options{Memory: 64 << 20})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, _, err := c.Get(ctx, accountName(1), 1, workflow.Following{Name: "ORDER::HD"})
		ended <- err
	}()
	<-s.reading
	cancel()
	close(s.gate)
	require.NoError(t, <-ended)
	require.EqualValues(t, 1, c.Stats().Workflows)
}

// TestWhatIsCountedIsWhatIsKept drops many workflows that share nearly all they have, and counts those that are left anew.
func TestWhatIsCountedIsWhatIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const accounts, name = 30, "ORDER::HD"
	for n := 1; n <= accounts; n++ {
		s.open(n, map[string]string{name: defaults(t, n)[name]})
	}
	use := func(c *configuration.Configurations, from, to int) configuration.Stats {
		for n := from; n <= to; n++ {
			_, err := stableFlow(t, c, accountName(n), tenancy.RetailerID(n), name, 0)
			require.NoError(t, err)
		}
		return c.Stats()
	}
	all := configuration.New(s.state, s, configuration.Options{Memory: 64 << 20})
	one := use(all, 1, 1).Bytes
	few := use(all, 2, 5).Bytes
	require.Less(t, few, 5*one, "they share")
	for _, budget := range []int64{one + 1<<10, few} {
		kept := use(configuration.New(s.state, s, configuration.Options{Memory: budget}), 1, accounts)
		require.Positive(t, kept.Workflows)
		require.Less(t, kept.Workflows, int64(accounts))
		anew := use(configuration.New(s.state, s, configuration.Options{Memory: 64 << 20}), accounts-int(kept.Workflows)+1, accounts)
		require.Equal(t, anew.Bytes, kept.Bytes)
		require.Equal(t, anew.Parts, kept.Parts)
	}
}

// TestFewTextsAreParsedAtOnce: each takes many times its length for a moment.
func TestFewTextsAreParsedAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	texts := defaults(t, 1)
	s.open(1, texts)
	c := configuration.New(s.state, s, configuration.Options{Memory: 64 << 20})
	leave := c.Parsing()
	s.reading = make(chan struct{}, len(texts))
	done := make(chan error, len(texts))
	for name := range texts {
		go func() {
			_, err := stableFlow(t, c, accountName(1), 1, name, 10000)
			done <- err
		}()
	}
	for range texts {
		<-s.reading
	}
	select {
	case <-done:
		require.Fail(t, "a text was parsed though no place was free")
	case <-time.After(100 * time.Millisecond): // without the bound they are done in a few
	}
	require.Zero(t, c.Stats().Reads)
	leave()
	for range texts {
		require.NoError(t, <-done)
	}
	require.EqualValues(t, len(texts), c.Stats().Reads)
}
