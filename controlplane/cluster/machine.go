package cluster

import (
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"github.com/fluent-oms/fluent/controlplane/state"
)

// machine lets raft drive a store. Raft calls Apply, Snapshot and Restore one at a time.
type machine struct {
	store *state.Store
	fatal func(error)
	dead  error
}

// Apply applies one log entry. A command of a newer release stops the machine: guessing would let servers' states drift apart.
func (m *machine) Apply(entry *raft.Log) any {
	if m.dead != nil {
		return m.dead
	}
	result, err := m.store.Apply(state.Index(entry.Index), entry.Data)
	if err != nil {
		m.dead = err
		m.fatal(fmt.Errorf("the control plane's state cannot go on: %w", err))
		return err
	}
	return result
}

// Snapshot takes a view, which later commands don't disturb.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) { return snapshot{m.store.View()}, nil }

// Restore replaces the state.
func (m *machine) Restore(from io.ReadCloser) error {
	return errors.Join(m.store.Restore(from), from.Close())
}

type snapshot struct{ view state.View }

// Persist writes the snapshot.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if err := state.Persist(s.view, sink); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// Release has nothing to do: views are garbage-collected.
func (snapshot) Release() {}
