package cluster

import (
	"time"

	"github.com/hashicorp/raft"
)

// Figures are what operators watch of one server's part in the cluster.
type Figures struct {
	State        string // leader, candidate, follower, shutdown
	Term         uint64
	LastIndex    uint64 // of the log on this server's disk
	CommitIndex  uint64 // as far as this server knows
	AppliedIndex uint64
	LeaderKnown  bool
	Silence      time.Duration // since a follower last heard of its leader; 0 on the leader and where there was none
}

// Figures reads the server's counters; it blocks nobody.
func (c *Cluster) Figures() Figures {
	_, known := c.Leader()
	f := Figures{
		Term: c.raft.CurrentTerm(), LastIndex: c.raft.LastIndex(), CommitIndex: c.raft.CommitIndex(), AppliedIndex: c.raft.AppliedIndex(), LeaderKnown: known,
	}
	state := c.raft.State()
	f.State = map[raft.RaftState]string{raft.Leader: "leader", raft.Candidate: "candidate", raft.Follower: "follower", raft.Shutdown: "shutdown"}[state]
	if heard := c.raft.LastContact(); state != raft.Leader && !heard.IsZero() {
		f.Silence = time.Since(heard)
	}
	return f
}
