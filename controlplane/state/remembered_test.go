package state_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"crypto/sha256"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// edited is a snapshot whose messages of a table were changed.
func edited(t *testing.T, whole []byte, table string, change func([]byte) []byte) []byte {
	t.Helper()
	var out []byte
	sum := sha256.New()
	put := func(m proto.Message) {
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		require.NoError(t, err)
		sum.Write(encoded)
		out = append(binary.AppendUvarint(out, uint64(len(encoded))), encoded...)
	}
	for first := true; len(whole) > 0; first = false {
		size, n := binary.Uvarint(whole)
		raw := whole[n : n+int(size)]
		whole = whole[n+int(size):]
		if first {
			header := &statev1.SnapshotHeader{}
			require.NoError(t, proto.Unmarshal(raw, header))
			put(header)
			continue
		}
		record := &statev1.SnapshotRecord{}
		require.NoError(t, proto.Unmarshal(raw, record))
		switch record.GetTable() {
		case table:
			record.Message = change(record.GetMessage())
		case "":
			record.Checksum = sum.Sum(nil)
		}
		put(record)
	}
	return out
}

// TestWhatIsRememberedIsBounded goes on from a state that remembers almost as many requests and audit records as are kept.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	request := func(id string) state.Result {
		return l.apply(&statev1.PutRegion{Region: &cpv1.Region{Name: "r-" + id}}, id)
	}
	require.NoError(t, request("one").Err)
	require.NoError(t, request("two").Err)
	almost := edited(t, snapshot(t, l.store), state.Clusters.Name(), func(raw []byte) []byte {
		c := &statev1.Cluster{}
		require.NoError(t, proto.Unmarshal(raw, c))
		c.Requests, c.AuditSequence = 9_999, 49_999
		out, err := proto.Marshal(c)
		require.NoError(t, err)
		return out
	})
	require.NoError(t, l.store.Restore(bytes.NewReader(almost)))
	oldest := func() uint64 { return audit(l.store)[0].GetSequence() }
	require.NoError(t, request("three").Err)
	require.True(t, request("one").Replayed, "ten thousand are remembered")
	require.EqualValues(t, 1, oldest(), "and fifty thousand records kept")
	require.NoError(t, request("four").Err)
	require.EqualValues(t, 2, oldest())
	require.True(t, request("two").Replayed)
	forgotten := request("one")
	require.False(t, forgotten.Replayed)
	require.True(t, fault.Is(forgotten.Err, fault.Exists), "it is a new request now: %v", forgotten.Err)
	require.NoError(t, request("five").Err)
	require.False(t, request("two").Replayed, "one goes as one comes")
	require.True(t, request("three").Replayed)
	require.EqualValues(t, 10_000, l.store.View().Cluster().GetRequests())
}

// TestAReaderThatFellBehindStartsOver: the changes that it did not read are not kept for ever, and it is told.
func TestAReaderThatFellBehindStartsOver(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	start := l.store.View().Index()
	slow, err := l.store.View().Follow("shared", start)
	require.NoError(t, err)
	judge := func() {
		s := []cpv1.NodeState{cpv1.NodeState_NODE_STATE_READY, cpv1.NodeState_NODE_STATE_GONE}[l.index%2]
		l.must(&statev1.JudgeNode{Id: "n1", State: s})
	}
	judge()
	for l.index < start+4096 {
		judge()
	}
	almost, err := l.store.View().Follow("shared", l.index-4095)
	require.NoError(t, err)
	next, _, err := almost.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, l.index-4094, next)
	for range 2 {
		judge()
	}
	_, _, err = slow.Next(t.Context())
	require.ErrorIs(t, err, state.ErrReset)
	_, err = l.store.View().Follow("shared", start)
	require.ErrorIs(t, err, state.ErrReset)
	next, _, err = almost.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, l.index-2-4093, next, "one that is just quick enough misses nothing")
}
