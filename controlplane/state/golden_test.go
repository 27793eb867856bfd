package state_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// update writes the golden files of the current schema anew. Files of released schemas are never written again: they are what old
// servers have on their disks.
var update = flag.Bool("update", false, "write testdata again")

func golden(schema uint32) (log, snapshot string) {
	return fmt.Sprintf("testdata/schema-%d.log", schema), fmt.Sprintf("testdata/schema-%d.snapshot", schema)
}

// TestOldLogsAndSnapshotsLoad replays a log of each schema and loads its snapshot: both must give the same state, byte for byte.
func TestOldLogsAndSnapshotsLoad(t *testing.T) {
	t.Parallel()
	if *update {
		l := story(t)
		l.must(&statev1.RaiseSchemaFloor{Schema: state.Schema})
		l.must(&statev1.BeginTerm{Incarnation: "first"})
		l.must(&statev1.AddAuthority{Authority: authority("a1", 10)})
		l.must(&statev1.AddAuthority{Authority: authority("a2", 11)})
		l.must(&statev1.RemoveAuthority{Fingerprint: "a1"})
		ended := l.account("GONE")
		l.must(&statev1.FinishOperation{Operation: ended, Error: &cpv1.OperationError{Code: "C"}})
		l.must(&statev1.RemoveOperations{Operations: []string{ended}})
		l.clients()
		l.must(&statev1.NoteFailedLogins{Failures: []*statev1.FailedLogin{{Username: "root", Source: "192.0.2.1", Times: 3}}, Others: 2})
		short := l.must(&statev1.CreateAccount{PlaceIn: "shared", Record: &statev1.AccountRecord{
			Account: &cpv1.Account{Name: "SHORT"}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
		}}).Message.(*statev1.AccountCreated).GetOperation().GetId()
		l.must(&statev1.AccountPrepared{Operation: short})
		l.must(&statev1.RetailerPrepared{Operation: short, Artefacts: map[string]string{"workflow/A": "1"}, Through: true})
		l.candidate()
		var log []byte
		for _, entry := range l.entries {
			log = append(binary.AppendUvarint(log, uint64(len(entry))), entry...)
		}
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		logFile, snapshotFile := golden(state.Schema)
		require.NoError(t, os.WriteFile(logFile, log, 0o644))
		require.NoError(t, os.WriteFile(snapshotFile, snapshot(t, l.store), 0o644))
	}
	for schema := range state.Schema {
		goldenLog, goldenSnapshot := golden(schema + 1)
		loads(t, goldenLog, goldenSnapshot)
	}
}

// candidate tries a version of ACME's retailer on a share of its roots.
func (l *log) candidate() {
	tried := l.must(&statev1.CommitConfiguration{
		Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "4"}, Author: "ann", Message: "try", CommitOnly: true,
	}, "commit").Message.(*statev1.ConfigurationCommitted).GetVersion()
	ask := &statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: tried.GetParent(), Candidate: tried.GetId(), Share: 2500}
	l.must(ask, "activate")
	l.must(ask, "activate")                                                                                                // repeated: nothing is done
	l.apply(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: tried.GetId(), Candidate: tried.GetId()}) // refused
}

func authority(fingerprint string, minute int) *statev1.Authority {
	return &statev1.Authority{Fingerprint: fingerprint, Certificate: []byte("certificate"), Key: []byte("key"), ActiveTime: at(minute)}
}

func loads(t *testing.T, goldenLog, goldenSnapshot string) {
	t.Helper()
	old, err := os.ReadFile(goldenSnapshot)
	require.NoError(t, err)
	restored, err := state.New()
	require.NoError(t, err)
	require.NoError(t, restored.Restore(bytes.NewReader(old)))
	require.Equal(t, old, snapshot(t, restored))

	replayed, err := state.New()
	require.NoError(t, err)
	for i, entry := range entries(t, goldenLog) {
		_, err := replayed.Apply(state.Index(i+1), entry)
		require.NoError(t, err)
	}
	require.Equal(t, old, snapshot(t, replayed))
}

// entries reads a golden log.
func entries(t *testing.T, file string) (out [][]byte) {
	t.Helper()
	log, err := os.ReadFile(file)
	require.NoError(t, err)
	for len(log) > 0 {
		size, n := binary.Uvarint(log)
		out = append(out, log[n:n+int(size)])
		log = log[n+int(size):]
	}
	return out
}
