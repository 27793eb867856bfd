package state_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// TestAnAccountTakesLittleOfAServersMemory makes accounts through all their commands, and counts the heap that they take in the tables of
// every control-plane server: the account, its retailer, its operation, its configuration, and what the audit keeps.
func TestAnAccountTakesLittleOfAServersMemory(t *testing.T) {
	const accounts = 1000
	l := newLog(t)
	l.found()
	heap := func() uint64 {
		l.entries = nil
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	add := func(n int) {
		operation := l.account(fmt.Sprintf("ACCOUNT%d", n))
		artefacts := map[string]string{}
		for i := range 8 {
			sum := sha256.Sum256(fmt.Append(nil, n, i))
			artefacts[fmt.Sprintf("workflow/ROOT_TYPE::SUBTYPE_%d/1", i)] = hex.EncodeToString(sum[:])
		}
		l.must(&statev1.PlaceAccount{Operation: operation, Environment: "shared"})
		l.must(&statev1.AccountPrepared{Operation: operation})
		l.must(&statev1.RetailerPrepared{Operation: operation, Artefacts: artefacts})
		l.must(&statev1.ActivateWorkflows{Operation: operation})
		l.must(&statev1.OpenClient{Operation: operation})
		l.must(&statev1.FinishOperation{Operation: operation})
	}
	add(0)
	before := heap()
	for n := 1; n <= accounts; n++ {
		add(n)
	}
	each := (heap() - before) / accounts
	t.Logf("%d bytes for each account", each)
	require.Less(t, each, uint64(30<<10), "ten thousand accounts take less than 300 MB of every server")
	runtime.KeepAlive(l.store)
}
