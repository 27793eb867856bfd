package enginetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Shelf keeps workflows in memory. It may be used by many goroutines.
type Shelf struct {
	mu    sync.RWMutex
	flows map[shelfKey][]*workflow.Workflow
}

type shelfKey struct {
	account  tenancy.AccountID
	retailer tenancy.RetailerID
	name     string
}

// NewShelf makes an empty shelf.
func NewShelf() *Shelf { return &Shelf{flows: map[shelfKey][]*workflow.Workflow{}} }

// Put stores a version of a workflow. Versions of one name are told apart by their version.
func (s *Shelf) Put(account tenancy.AccountID, retailer tenancy.RetailerID, w *workflow.Workflow) error {
	if _, err := workflow.VersionNumber(w.Version); err != nil {
		return fmt.Errorf("store workflow %s: %w", w.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := shelfKey{account, retailer, w.Name}
	s.flows[key] = append(s.flows[key], w)
	return nil
}

// Get returns the newest minor of the version's major. A shelf has no candidates. See engine.Workflows.
func (s *Shelf) Get(_ context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, f workflow.Following) (*workflow.Workflow, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	flow, err := newest(s.flows[shelfKey{account, retailer, f.Name}], f.Version)
	return flow, "", err
}

// newest picks from the versions of a workflow the newest minor of the version's major, or the newest of all where version is 0 or its
// major is not among them; nil when there are none.
func newest(versions []*workflow.Workflow, version int) (*workflow.Workflow, error) {
	var best, ofMajor *workflow.Workflow
	bestNumber, majorNumber := -1, -1
	for _, w := range versions {
		n, err := workflow.VersionNumber(w.Version)
		if err != nil {
			return nil, fmt.Errorf("workflow %s: %w", w.Name, err)
		}
		if n >= bestNumber {
			best, bestNumber = w, n
		}
		if version != 0 && workflow.Major(n) == workflow.Major(version) && n >= majorNumber {
			ofMajor, majorNumber = w, n
		}
	}
	if ofMajor != nil {
		return ofMajor, nil
	}
	return best, nil
}
