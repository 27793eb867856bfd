// Package configuration gives the engine and the APIs the workflows that are active, and takes new ones. A workflow's text is an
// artefact: kept by its hash in the environment's database and never changed. Which hashes are active, the control plane says
// (package desired); storing a new workflow is a request to it.
//
// In a configuration a workflow's artefact is named workflow/NAME/MAJOR (workflow/ORDER::HD/1): the newest minor of each major
// stays active, since entities follow the newest minor of the major that they began under.
package configuration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Store keeps content-addressed artefacts of accounts and remembers versions of workflows that were replaced; the database implements it.
type Store interface {
	PutArtefact(ctx context.Context, scope tenancy.Scope, content []byte) (hash string, err error)
	Artefact(ctx context.Context, scope tenancy.Scope, hash string) ([]byte, error)
	KeepWorkflowVersion(ctx context.Context, scope tenancy.Scope, of store.WorkflowKey, v store.WorkflowVersion) error
	WorkflowVersions(ctx context.Context, scope tenancy.Scope, of store.WorkflowKey, page store.VersionsPage) ([]store.WorkflowVersion, error)
	WorkflowText(ctx context.Context, scope tenancy.Scope, of store.WorkflowKey, version int) ([]byte, error)
}

// Committer asks the control plane for a configuration version and waits until this node has seen it.
type Committer interface {
	Commit(ctx context.Context, req *nodev1.CommitConfigurationRequest) (*nodev1.Configuration, error)
}

// Configurations answers which workflows are active. It is safe for concurrent use.
type Configurations struct {
	state *desired.State
	store Store

	flight singleflight.Group
	mu     sync.RWMutex
	parsed map[string]*workflow.Workflow // by account and hash; artefacts never change
}

// New makes Configurations over the node's desired state.
func New(state *desired.State, db Store) *Configurations {
	return &Configurations{state: state, store: db, parsed: map[string]*workflow.Workflow{}}
}

// Reference is the place of one active workflow version.
type Reference struct {
	Name    string // ORDER::HD
	Version int    // of the artefact's major: major × 10000; the minor is in the artefact
	Hash    string
}

const prefix = "workflow/"

// ArtefactName names a workflow's artefact in a configuration.
func ArtefactName(name string, version int) string {
	return prefix + name + "/" + strconv.Itoa(workflow.Major(version))
}

// References lists the active workflows of a retailer, in no order.
func (c *Configurations) References(account tenancy.AccountID, retailer tenancy.RetailerID) []Reference {
	return references(c.configuration(account, retailer))
}

// configuration is what a retailer works by now; nil when this node knows none.
func (c *Configurations) configuration(account tenancy.AccountID, retailer tenancy.RetailerID) *desired.Configuration {
	return c.state.View().Configuration(string(account), int32(retailer))
}

func references(of *desired.Configuration) []Reference {
	var all []Reference
	for artefact, hash := range of.Artefacts() {
		rest, ok := strings.CutPrefix(artefact, prefix)
		slash := strings.LastIndexByte(rest, '/')
		if !ok || slash < 0 {
			continue
		}
		if major, err := strconv.Atoi(rest[slash+1:]); err == nil {
			all = append(all, Reference{Name: rest[:slash], Version: major * 10000, Hash: hash})
		}
	}
	return all
}

// Get returns the active workflow of a name: the newest minor of the given version's major, or, with version 0 or a major that is
// not there, of the highest major. nil, nil when the retailer has no such workflow.
func (c *Configurations) Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name string, version int) (*workflow.Workflow, error) {
	active, hash := c.configuration(account, retailer), ""
	if version != 0 {
		hash, _ = active.Artefact(ArtefactName(name, version))
	}
	if hash == "" {
		best := -1
		for _, r := range references(active) {
			if r.Name == name && r.Version > best {
				best, hash = r.Version, r.Hash
			}
		}
	}
	if hash == "" {
		return nil, nil
	}
	return c.load(ctx, account, hash)
}

// Current is the number of the newest version of a workflow, which new entities get; false when there is none.
func (c *Configurations) Current(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name string) (int, bool, error) {
	w, err := c.Get(ctx, account, retailer, name, 0)
	if err != nil || w == nil {
		return 0, false, err
	}
	number, err := workflow.VersionNumber(w.Version)
	return number, err == nil, err
}

// load gives the parsed artefact of a hash, reading it once.
func (c *Configurations) load(ctx context.Context, account tenancy.AccountID, hash string) (*workflow.Workflow, error) {
	key := string(account) + "/" + hash
	c.mu.RLock()
	w := c.parsed[key]
	c.mu.RUnlock()
	if w != nil {
		return w, nil
	}
	loaded, err, _ := c.flight.Do(key, func() (any, error) {
		content, err := c.content(context.WithoutCancel(ctx), account, hash)
		if err != nil {
			return nil, err
		}
		return workflow.Parse(content)
	})
	if err != nil {
		return nil, fmt.Errorf("load workflow artefact %.12s of %s: %w", hash, account, err)
	}
	w = loaded.(*workflow.Workflow)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parsed[key] = w
	return w, nil
}

func (c *Configurations) content(ctx context.Context, account tenancy.AccountID, hash string) ([]byte, error) {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return nil, err
	}
	return c.store.Artefact(ctx, scope, hash)
}
