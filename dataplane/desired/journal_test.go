package desired_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

func open(t testing.TB, path string) *desired.State {
	t.Helper()
	s, err := desired.Open(path)
	require.NoError(t, err)
	return s
}

// names are those of the workflows that a retailer begins with.
var names = []string{"INVENTORY_CATALOGUE::DEFAULT", "LOCATION::STORE", "LOCATION::WAREHOUSE", "ORDER::CC", "ORDER::HD", "PRODUCT_CATALOGUE::MASTER",
	"VIRTUAL_CATALOGUE::AGGREGATE", "VIRTUAL_CATALOGUE::BASE"}

func configuration(n int, version string) *nodev1.Resource {
	artefacts := map[string]string{}
	for _, name := range names {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", name, n, version))
		artefacts["workflow/"+name+"/1"] = hex.EncodeToString(sum[:])
	}
	return &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: &nodev1.Configuration{
		Account: fmt.Sprintf("ACCOUNT%d", n), Retailer: int32(n), Version: "version-" + version, Artefacts: artefacts, Index: uint64(n),
	}}}
}

func tenant(n int) *nodev1.Resource {
	name := fmt.Sprintf("ACCOUNT%d", n)
	secret := sha256.Sum256([]byte(name))
	return &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name, State: "ACTIVE", Etag: "etag",
		Hosts: []string{name + ".shop.example"}, Clients: []*nodev1.ApiClient{{ClientId: name, SecretHash: secret[:], RefreshTokens: true}}}}}
}

// fill gives a state so many accounts with a retailer each, as a stream would.
func fill(s *desired.State, accounts int) {
	for n := 1; n <= accounts; n++ {
		s.Apply(snapshot(tenant(n)), snapshot(configuration(n, "1")))
	}
	s.Apply(end("one", 1))
}

// TestOneChangeAmongTenThousandAccountsIsOneSmallWrite counts what a change costs: bytes of the file, bytes of memory.
func TestOneChangeAmongTenThousandAccountsIsOneSmallWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desired")
	s := open(t, path)
	fill(s, 10_000)
	before, err := os.Stat(path)
	require.NoError(t, err)
	index := uint64(1)
	change := func() {
		index++
		s.Apply(update(index, configuration(int(index), strconv.Itoa(int(index))), false))
	}
	change()
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "the file is appended to, not replaced")
	t.Logf("file: %d bytes; one change: %d bytes", before.Size(), after.Size()-before.Size())
	require.Less(t, after.Size()-before.Size(), int64(2<<10))

	var one, two runtime.MemStats
	runtime.ReadMemStats(&one)
	for range 100 {
		change()
	}
	runtime.ReadMemStats(&two)
	t.Logf("one change: %d allocations, %d bytes", (two.Mallocs-one.Mallocs)/100, (two.TotalAlloc-one.TotalAlloc)/100)
	require.Less(t, (two.TotalAlloc-one.TotalAlloc)/100, uint64(64<<10))
	require.EqualValues(t, index, open(t, path).View().Index)
}

// TestTenThousandAccountsTakeLittleMemory counts the heap after a collection. A node and a gateway know every account of their environment.
func TestTenThousandAccountsTakeLittleMemory(t *testing.T) {
	const accounts = 10_000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := open(t, "")
	fill(s, accounts)
	taken := heap() - before
	t.Logf("%d bytes for each account with a retailer and %d workflows", taken/accounts, len(names))
	require.Less(t, taken/accounts, uint64(2500))
	require.Len(t, s.View().Accounts(), accounts)
	hash, ok := s.View().Configuration("ACCOUNT77", 77).Stable.Artefact("workflow/ORDER::HD/1")
	require.True(t, ok)
	require.Equal(t, configuration(77, "1").GetConfiguration().GetArtefacts()["workflow/ORDER::HD/1"], hash)
}

// TestTheFileIsWrittenAnewWhenItsChangesAreLong: its length stays bounded by what it holds, and no change is lost on the way.
func TestTheFileIsWrittenAnewWhenItsChangesAreLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s := open(t, path)
	fill(s, 10)
	longest, shrank, last := int64(0), 0, int64(0)
	for n := uint64(2); n < 2000; {
		var burst []*nodev1.WatchResponse
		for range 20 {
			burst = append(burst, update(n, configuration(int(n%10)+1, strconv.Itoa(int(n))), false))
			n++
		}
		s.Apply(burst...)
		info, err := os.Stat(path)
		require.NoError(t, err)
		longest = max(longest, info.Size())
		if info.Size() < last {
			shrank++
		}
		last = info.Size()
	}
	require.Greater(t, shrank, 3)
	require.Less(t, longest, int64(512<<10))
	again := open(t, path)
	require.NoError(t, again.Found())
	require.EqualValues(t, 2001, again.View().Index)
	require.Equal(t, "version-1999", again.View().Configuration("ACCOUNT10", 10).Stable.ID)
	require.Equal(t, "one", again.View().Incarnation)
}

// TestAWriteThatWasCutShortIsLeftOut cuts the file after each of its bytes, as a kill, a full disk or a lost power does.
func TestAWriteThatWasCutShortIsLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "desired")
	s := open(t, path)
	s.Apply(snapshot(account("ACME", "ACTIVE")), end("one", 5))
	base := read(t, path)
	var ends []int // of the changes
	for n := uint64(6); n < 10; n++ {
		s.Apply(update(n, account("ACME", fmt.Sprint("STATE", n, strings.Repeat("x", 100))), false))
		ends = append(ends, len(read(t, path)))
	}
	whole := read(t, path)
	for length := range len(whole) + 1 {
		at := filepath.Join(dir, fmt.Sprint("cut", length))
		require.NoError(t, os.WriteFile(at, whole[:length], 0o600))
		cut := open(t, at)
		if length < len(base) { // the snapshot itself: a rename puts it there whole, so this is damage
			require.ErrorContains(t, cut.Found(), "damaged", "%d bytes", length)
			require.Nil(t, cut.View().Account("ACME"))
			require.Empty(t, cut.View().Incarnation, "the next stream must begin with a snapshot")
			continue
		}
		index, exact := uint64(5), length == len(base)
		for n, e := range ends {
			if e <= length {
				index, exact = uint64(6+n), e == length
			}
		}
		require.Equal(t, index, cut.View().Index, "%d bytes", length)
		require.Equal(t, exact, cut.Found() == nil, "%d bytes: %v", length, cut.Found())
		require.Equal(t, whole[:length], read(t, at), "opening changes nothing")
		cut.Apply(update(20, account("ACME", "LATER"), false))
		require.NoError(t, cut.Unkept())
		again := open(t, at)
		require.NoError(t, again.Found(), "%d bytes: what was cut short is gone from the file", length)
		require.Equal(t, "LATER", again.View().Account("ACME").GetState())
		require.EqualValues(t, 20, again.View().Index)
	}
}

// TestADamagedFileIsNotBelieved turns each bit but those of the last record. What is damaged is never served: the state begins anew.
func TestADamagedFileIsNotBelieved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s := open(t, path)
	s.Apply(snapshot(account("ACME", "ACTIVE")), end("one", 5))
	s.Apply(update(6, account("ACME", "SUSPENDED"), false))
	last := len(read(t, path))
	s.Apply(update(7, account("OTHER", "ACTIVE"), false))
	whole := read(t, path)
	for bit := range last * 8 {
		bad := bytes.Clone(whole)
		bad[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		damaged := open(t, path)
		require.ErrorContains(t, damaged.Found(), path, "bit %d", bit)
		require.Nil(t, damaged.View().Account("ACME"), "bit %d", bit)
		require.Empty(t, damaged.View().Incarnation)
		require.Zero(t, damaged.View().Index)
	}
	mended := open(t, path)
	mended.Apply(snapshot(account("ACME", "ACTIVE")), end("one", 9))
	require.NoError(t, mended.Unkept())
	again := open(t, path)
	require.NoError(t, again.Found())
	require.NotNil(t, again.View().Account("ACME"))
}

// TestAFileOfAnEarlierReleaseIsRead: it held a snapshot only, and gets its new form with the first change.
func TestAFileOfAnEarlierReleaseIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	var old bytes.Buffer
	_, err := protodelim.MarshalTo(&old, &nodev1.SnapshotEnd{Incarnation: "one", Index: 5})
	require.NoError(t, err)
	for _, r := range []*nodev1.Resource{tenant(1), configuration(1, "1")} {
		_, err := protodelim.MarshalTo(&old, r)
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(path, old.Bytes(), 0o600))
	s := open(t, path)
	require.NoError(t, s.Found())
	require.EqualValues(t, 5, s.View().Index)
	require.Equal(t, "version-1", s.View().Configuration("ACCOUNT1", 1).Stable.ID)
	s.Apply(update(6, account("LATE", "ACTIVE"), false))
	again := open(t, path)
	require.NoError(t, again.Found())
	require.Equal(t, "one", again.View().Incarnation)
	require.NotNil(t, again.View().Account("LATE"))
	require.NotNil(t, again.View().Account("ACCOUNT1"))

	require.NoError(t, os.WriteFile(path, []byte("\x05nonsense"), 0o600))
	require.ErrorContains(t, open(t, path).Found(), path)
}

// TestWhatALaterReleaseSaysIsKept: a node that goes on to that release has not lost what the stream said before.
func TestWhatALaterReleaseSaysIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	r := configuration(1, "1")
	later := []byte{0xfa, 0x01, 0x02, 'h', 'i'} // field 31
	r.GetConfiguration().ProtoReflect().SetUnknown(later)
	odd := map[string]string{"other": "no SHA-256", "capitals": strings.Repeat("AB", 32), "short": "ab", "long": strings.Repeat("ab", 33)}
	maps.Copy(r.GetConfiguration().GetArtefacts(), odd)
	s := open(t, path)
	s.Apply(snapshot(r), end("one", 1)) // which is written from what is in memory
	require.Contains(t, string(read(t, path)), string(later))
	for name, want := range odd {
		hash, ok := open(t, path).View().Configuration("ACCOUNT1", 1).Stable.Artefact(name)
		require.True(t, ok, name)
		require.Equal(t, want, hash, "it comes back as it came")
	}
}

const killed = "FLUENT_TEST_DESIRED_FILE"

// TestAKilledWriterLosesNothingThatItSaid kills a process that applies changes as fast as it can, and says each that was on disk.
func TestAKilledWriterLosesNothingThatItSaid(t *testing.T) {
	if path := os.Getenv(killed); path != "" {
		write(path)
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	for round := range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestAKilledWriterLosesNothingThatItSaid$")
		child.Env = append(os.Environ(), killed+"="+path)
		said, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		var index, first uint64
		for {
			_, err := fmt.Fscanln(said, &index)
			require.NoError(t, err)
			if first == 0 {
				first = index
			}
			if index >= first+uint64(40+37*round) {
				break
			}
		}
		require.NoError(t, child.Process.Kill())
		for {
			if _, err := fmt.Fscanln(said, &index); err != nil {
				break
			}
		}
		_ = child.Wait() // it was killed
		s := open(t, path)
		require.GreaterOrEqual(t, s.View().Index, index)
		require.Equal(t, fmt.Sprint("version-", s.View().Index), s.View().Configuration("ACCOUNT1", 1).Stable.ID)
		require.Equal(t, "one", s.View().Incarnation)
	}
}

// write goes on from what is in the file, until it is killed.
func write(path string) {
	s, err := desired.Open(path)
	if err != nil {
		panic(err)
	}
	if s.View().Incarnation == "" {
		s.Apply(snapshot(tenant(1)), end("one", 1))
	}
	for n := s.View().Index + 1; ; n++ {
		s.Apply(update(n, configuration(1, strconv.Itoa(int(n))), false))
		fmt.Println(n)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// TestAFileThatLostItsEndIsWrittenAnew takes the end of the file away while its writer lives, as repairs of file systems do.
func TestAFileThatLostItsEndIsWrittenAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s, err := desired.Open(path)
	require.NoError(t, err)
	apply(t, s, snapshot(account("A", "ACTIVE")), end("one", 1), update(2, account("B", "ACTIVE"), false))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-5))
	apply(t, s, update(3, account("C", "ACTIVE"), false))
	require.NoError(t, s.Unkept())
	again, err := desired.Open(path)
	require.NoError(t, err)
	require.EqualValues(t, 3, again.View().Index)
	for _, name := range []string{"A", "B", "C"} {
		require.NotNil(t, again.View().Account(name), name)
	}
}

// TestACandidateIsKept beside what is stable, in a file that is written anew and in one that is appended to; and what a release before candidates kept of
// it, as something that it did not know, is understood when the node goes on to this one.
func TestACandidateIsKept(t *testing.T) {
	t.Parallel()
	told := configuration(1, "1")
	told.GetConfiguration().Candidate = &nodev1.Candidate{
		Version: "tried", Share: 2500, Artefacts: map[string]string{"workflow/ORDER::HD/1": strings.Repeat("ab", 32), "other": "no SHA-256"},
	}
	told.GetConfiguration().GetCandidate().ProtoReflect().SetUnknown([]byte{0xfa, 0x01, 0x02, 'h', 'i'}) // of a later release
	inside := func(c *desired.Configuration) {
		t.Helper()
		require.Equal(t, "version-1", c.Stable.ID)
		require.Equal(t, "tried", c.Candidate.ID)
		require.EqualValues(t, 2500, c.Candidate.Share)
		require.Equal(t, told.GetConfiguration().GetCandidate().GetArtefacts(), maps.Collect(c.Candidate.Artefacts()))
		require.Equal(t, told.GetConfiguration().GetArtefacts(), maps.Collect(c.Stable.Artefacts()))
	}
	path := filepath.Join(t.TempDir(), "desired")
	s := open(t, path)
	s.Apply(snapshot(told), end("one", 1))
	inside(open(t, path).View().Configuration("ACCOUNT1", 1))
	require.Contains(t, string(read(t, path)), "hi")
	s.Apply(update(2, configuration(1, "2"), false))
	require.Nil(t, open(t, path).View().Configuration("ACCOUNT1", 1).Candidate)
	s.Apply(update(3, told, false))
	inside(open(t, path).View().Configuration("ACCOUNT1", 1))

	before := configuration(1, "1")
	text, err := proto.Marshal(&nodev1.Configuration{Candidate: told.GetConfiguration().GetCandidate()})
	require.NoError(t, err)
	before.GetConfiguration().ProtoReflect().SetUnknown(text)
	path = filepath.Join(t.TempDir(), "desired")
	open(t, path).Apply(snapshot(before), end("one", 1))
	inside(open(t, path).View().Configuration("ACCOUNT1", 1))
}

// TestARootWorksByOneVersion: by the candidate if it is in the share, else by what is stable; so does what is no root, and a retailer without a candidate.
func TestARootWorksByOneVersion(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	told := configuration(1, "1")
	works := func(share workflow.Share, root workflow.Root) string {
		told.GetConfiguration().Candidate = &nodev1.Candidate{Version: "tried", Share: uint32(share)}
		s.Apply(update(1, told, false))
		return s.View().Configuration("ACCOUNT1", 1).For(root).ID
	}
	for i := range 100 {
		root := workflow.Root{Type: "ORDER", ID: strconv.Itoa(i)}
		want := map[bool]string{true: "tried", false: "version-1"}
		require.Equal(t, want[workflow.Share(5000).Takes(root)], works(5000, root))
		require.Equal(t, "tried", works(workflow.WholeShare, root))
		require.Equal(t, "version-1", works(0, root))
	}
	require.Equal(t, "version-1", works(workflow.WholeShare, workflow.Root{}))
	s.Apply(update(2, configuration(1, "1"), false))
	require.Equal(t, "version-1", s.View().Configuration("ACCOUNT1", 1).For(workflow.Root{Type: "ORDER", ID: "1"}).ID)
	require.Nil(t, s.View().Configuration("NONE", 1).For(workflow.Root{Type: "ORDER", ID: "1"}))
}
