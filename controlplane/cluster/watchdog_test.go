package cluster_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
)

// slowDisk is a log whose writes hang while it is stalled.
type slowDisk struct {
	raft.LogStore
	stalled sync.RWMutex
}

// StoreLogs writes once the disk is not stalled.
func (d *slowDisk) StoreLogs(logs []*raft.Log) error {
	d.stalled.RLock()
	defer d.stalled.RUnlock()
	return d.LogStore.StoreLogs(logs)
}

// StoreLog writes one entry.
func (d *slowDisk) StoreLog(l *raft.Log) error { return d.StoreLogs([]*raft.Log{l}) }

func TestALeaderWithAStalledDiskEnds(t *testing.T) {
	t.Parallel()
	g := &group{t: t, dir: t.TempDir(), trust: trusttest.New(t, "one"), servers: map[string]*server{}}
	for _, id := range []string{"s0", "s1", "s2"} {
		g.peers = append(g.peers, cluster.Peer{ID: id, Raft: porttest.Address(t), API: "unused:1"})
	}
	disks, fatal := map[string]*slowDisk{}, make(chan string, 10)
	for _, p := range g.peers {
		store, err := state.New()
		require.NoError(t, err)
		disk := &slowDisk{}
		disks[p.ID] = disk
		s := &server{store: store}
		s.Cluster, err = cluster.Open(cluster.Deps{
			Store: store, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Trust: g.trust.Server(p.ID), Fatal: func(error) { fatal <- p.ID },
			Log: func(l raft.LogStore) raft.LogStore { disk.LogStore = l; return disk },
		}, cluster.Config{
			ID: p.ID, Dir: filepath.Join(g.dir, p.ID), Peers: g.peers, Bootstrap: true,
			HeartbeatTimeout: 400 * time.Millisecond, ApplyDeadline: 500 * time.Millisecond,
		})
		require.NoError(t, err)
		g.servers[p.ID] = s
	}
	t.Cleanup(func() {
		for _, s := range g.servers {
			require.NoError(t, s.Close())
		}
	})
	g.put("one")
	stalled := g.leader().ID()
	disks[stalled].stalled.Lock()
	select {
	case id := <-fatal:
		require.Equal(t, stalled, id)
	case <-time.After(20 * time.Second):
		t.Error("a leader whose disk has stalled kept its place")
	}
	disks[stalled].stalled.Unlock() // the process ends
	require.NoError(t, g.servers[stalled].Close())
	delete(g.servers, stalled)
	g.put("two")
}
