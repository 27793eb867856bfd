// Package configuration gives the engine and the APIs the workflows that are active, and takes new ones. A workflow's text is an
// artefact: kept by its hash in the environment's database and never changed. Which hashes are active, the control plane says
// (package desired); storing a new workflow is a request to it.
//
// In a configuration a workflow's artefact is named workflow/NAME/MAJOR (workflow/ORDER::HD/1): the newest minor of each major
// stays active, since entities follow the newest minor of the major that they began under.
//
// A workflow is read and parsed when it is first asked for, and kept in a budget of memory (cache). One that cannot be read is an error
// for who asked, each time, and for nobody else.
package configuration

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"

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

	flight  singleflight.Group
	parsing chan struct{} // a place for each text that is being parsed
	parsed  *cache
}

// New makes Configurations over the node's desired state, which keep parsed workflows in so many bytes of memory; 0: UsualMemory.
func New(state *desired.State, db Store, memory int64) *Configurations {
	if memory <= 0 {
		memory = UsualMemory()
	}
	return &Configurations{state: state, store: db, parsing: make(chan struct{}, runtime.GOMAXPROCS(0)), parsed: newCache(memory)}
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

// Get returns the active workflow of a name, which must not be changed and has no descriptions: the newest minor of the given version's major, or, with version 0 or a major that is
// not there, of the highest major. nil, nil when the retailer has no such workflow; fault
// Unavailable when it has one that cannot be read.
func (c *Configurations) Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name string, version int) (*workflow.Workflow, error) {
	active, hash := c.configuration(account, retailer), ""
	if version != 0 {
		hash, _ = active.Artefact(ArtefactName(name, version))
	}
	if hash == "" {
		hash, _ = active.Artefact(newest(active, name))
	}
	if hash == "" {
		return nil, nil
	}
	return c.load(ctx, account, retailer, name, hash)
}

// newest is the artefact of a workflow's highest major; empty where there is none.
func newest(of *desired.Configuration, name string) (artefact string) {
	best := -1
	for each := range of.Names() {
		rest, ok := strings.CutPrefix(each, prefix)
		if !ok || !strings.HasPrefix(rest, name) || !strings.HasPrefix(rest[len(name):], "/") {
			continue
		}
		if major, err := strconv.Atoi(rest[len(name)+1:]); err == nil && major > best {
			best, artefact = major, each
		}
	}
	return artefact
}

// Known reports whether a retailer has an active workflow of a name, readable or not.
func (c *Configurations) Known(account tenancy.AccountID, retailer tenancy.RetailerID, name string) bool {
	return slices.ContainsFunc(c.References(account, retailer), func(r Reference) bool { return r.Name == name })
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
