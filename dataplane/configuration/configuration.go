// Package configuration gives the engine and the APIs the workflows that are active, and takes new ones. A workflow's text is an
// artefact: kept by its hash in the environment's database and never changed. Which hashes are active, the control plane says
// (package desired); storing a new workflow is a request to it.
//
// While a candidate of a retailer's configuration is tried, the roots in its share follow the candidate's workflows, and all others the stable ones.
// What is asked without a root is answered from what is stable.
//
// In a configuration a workflow's artefact is named workflow/NAME/MAJOR (workflow/ORDER::HD/1): the newest minor of each major
// stays active, since entities follow the newest minor of the major that they began under.
//
// A workflow is read and parsed when it is first asked for, and kept in a budget of memory (cache). One that cannot be read is an error
// for who asked, each time, and for nobody else.
package configuration

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/singleflight"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/ratelog"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Store keeps content-addressed artefacts of accounts and remembers versions of workflows that were replaced; artefacts.Of a database does.
type Store interface {
	Put(ctx context.Context, scope tenancy.Scope, content []byte) (hash string, err error)
	Get(ctx context.Context, scope tenancy.Scope, hash string) ([]byte, error)
	Keep(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, v artefacts.Version) error
	Versions(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, page artefacts.VersionsPage) ([]artefacts.Version, error)
	Text(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, version int) ([]byte, error)
}

// Committer asks the control plane for a configuration version and waits until this node has seen it.
type Committer interface {
	Commit(ctx context.Context, req *nodev1.CommitConfigurationRequest) (*nodev1.Configuration, error)
}

// Configurations answers which workflows are active. It is safe for concurrent use.
type Configurations struct {
	state *desired.State
	store Store
	log   *slog.Logger
	kept  ratelog.Shared // how the keeping of uploaded versions went

	flight  singleflight.Group
	parsing chan struct{} // a place for each text that is being parsed
	parsed  *cache
}

// Options of Configurations; the zero value is usual.
type Options struct {
	Memory int64        // bytes that parsed workflows may take; 0: UsualMemory
	Logger *slog.Logger // hears of what fails without failing who asked; nil: nobody does
}

// New makes Configurations over the node's desired state.
func New(state *desired.State, db Store, o Options) *Configurations {
	if o.Memory <= 0 {
		o.Memory = UsualMemory()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Configurations{state: state, store: db, log: o.Logger, parsing: make(chan struct{}, runtime.GOMAXPROCS(0)), parsed: newCache(o.Memory)}
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

// References lists the workflows that a retailer has in its stable configuration, in no order.
func (c *Configurations) References(account tenancy.AccountID, retailer tenancy.RetailerID) []Reference {
	return references(stable(c.configuration(account, retailer)))
}

// configuration is what a retailer works by now; nil when this node knows none.
func (c *Configurations) configuration(account tenancy.AccountID, retailer tenancy.RetailerID) *desired.Configuration {
	return c.state.View().Configuration(string(account), int32(retailer))
}

// Index is the control plane's number of what a retailer works by: another one once it is another. 0: nothing was activated yet.
func (c *Configurations) Index(account tenancy.AccountID, retailer tenancy.RetailerID) uint64 {
	if of := c.configuration(account, retailer); of != nil {
		return of.Index
	}
	return 0
}

// stable is the version by which a retailer works, but for roots in the share of a candidate.
func stable(of *desired.Configuration) *desired.Version { return of.For(workflow.Root{}) }

func references(of *desired.Version) []Reference {
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

// Get returns the workflow of a name that a root follows, which must not be changed and has no descriptions: in the configuration version by which
// the root works, the newest minor of the asked version's major, or, with version 0 or a major that is not there, of the highest major. nil when
// the retailer has no such workflow; fault Unavailable when it has one that cannot be read. under is the id of that configuration version where a
// candidate is tried beside the stable one; empty where there is only that.
func (c *Configurations) Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, f workflow.Following) (flow *workflow.Workflow, under string, err error) {
	active := c.configuration(account, retailer)
	version := active.For(f.Root)
	if active != nil && active.Candidate != nil {
		under = version.ID
	}
	hash := ""
	if f.Version != 0 {
		hash, _ = version.Artefact(ArtefactName(f.Name, f.Version))
	}
	if hash == "" {
		hash, _ = version.Artefact(newest(version, f.Name))
	}
	if hash == "" {
		return nil, under, nil
	}
	flow, err = c.load(ctx, account, retailer, f.Name, hash)
	return flow, under, err
}

// newest is the artefact of a workflow's highest major; empty where there is none.
func newest(of *desired.Version, name string) (artefact string) {
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

// Names lists the workflows that a retailer has in its stable configuration, by name, each once.
func (c *Configurations) Names(account tenancy.AccountID, retailer tenancy.RetailerID) []string {
	var out []string
	for _, r := range c.References(account, retailer) {
		out = append(out, r.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Known reports whether a retailer has a workflow of a name in its stable configuration, readable or not.
func (c *Configurations) Known(account tenancy.AccountID, retailer tenancy.RetailerID, name string) bool {
	return slices.ContainsFunc(c.References(account, retailer), func(r Reference) bool { return r.Name == name })
}

// Current is the number of the newest version of a workflow, which a new root gets; false when there is none.
func (c *Configurations) Current(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name string, root workflow.Root) (int, bool, error) {
	w, _, err := c.Get(ctx, account, retailer, workflow.Following{Name: name, Root: root})
	if err != nil || w == nil {
		return 0, false, err
	}
	number, err := workflow.VersionNumber(w.Version)
	return number, err == nil, err
}
