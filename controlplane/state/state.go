// Package state is the control plane's replicated state: tables that change only by typed commands out of the raft log, the same on
// every server. Nothing here looks at a clock, makes a random value or starts a goroutine: whatever differs between servers or runs
// arrives inside the command. Reads are views of one moment and never block commands.
package state

import (
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/go-memdb"
	"google.golang.org/protobuf/proto"
)

// Index counts commands: it is the raft index of the last one that was applied. It only grows.
type Index uint64

// Store holds the tables. Commands come one at a time (raft sees to that); views may be taken at any moment.
type Store struct {
	current atomic.Pointer[generation]
}

// generation is the tables between two restores. A restore replaces it as a whole and closes abandoned, so that nobody waits on tables
// that will never change again.
type generation struct {
	db        *memdb.MemDB
	feed      *feed
	abandoned chan struct{}
}

// New makes an empty store.
func New() (*Store, error) {
	s := &Store{}
	g, err := newGeneration(0)
	if err != nil {
		return nil, err
	}
	s.current.Store(g)
	return s, nil
}

func newGeneration(floor Index) (*generation, error) {
	db, err := memdb.NewMemDB(schema())
	if err != nil {
		return nil, fmt.Errorf("make state tables: %w", err)
	}
	return &generation{db: db, feed: newFeed(floor), abandoned: make(chan struct{})}, nil
}

// View is the state at one moment.
type View struct {
	txn        *memdb.Txn
	generation *generation
}

// View takes a view of now.
func (s *Store) View() View {
	g := s.current.Load()
	return View{txn: g.db.Txn(false), generation: g}
}

// Index is the index of the last command in the view.
func (v View) Index() Index {
	index, _ := v.WatchIndex()
	return index
}

// WatchIndex is Index with a channel that is closed by the next command.
func (v View) WatchIndex() (Index, <-chan struct{}) {
	changed, raw, err := v.txn.FirstWatch(indexTable, "id", indexKey)
	check(indexTable, err)
	if r, ok := raw.(*row); ok {
		return Index(r.index), changed
	}
	return 0, changed
}

// Abandoned is closed when a snapshot has replaced the tables that the view reads: whoever waits for a change must look again.
func (v View) Abandoned() <-chan struct{} { return v.generation.abandoned }

// row is what the tables hold. It and its message are never changed once stored.
type row struct {
	key     string
	groups  []string
	index   uint64 // of the command that wrote it
	message proto.Message
}

const (
	indexTable = "applied"
	indexKey   = "applied"
)
