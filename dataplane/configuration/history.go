package configuration

import (
	"context"
	"errors"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// A workflow's versions are those that are active and those that the database remembers. An upload has the database remember the version
// that it replaces before it asks for the commit, and the commit is refused when another version is active by then. So nothing is replaced
// that is not remembered, and nothing is remembered that was not active, wherever a node dies.

// active lists the versions of a workflow that a configuration names, one for each major.
func (c *Configurations) active(ctx context.Context, of *desired.Configuration, name string) ([]artefacts.Version, error) {
	return c.those(ctx, of, name, func(error) bool { return false })
}

// readable is active without what cannot be read: an upload is what mends that.
func (c *Configurations) readable(ctx context.Context, of *desired.Configuration, name string) ([]artefacts.Version, error) {
	return c.those(ctx, of, name, func(err error) bool { return errors.Is(err, errBroken) })
}

func (c *Configurations) those(ctx context.Context, of *desired.Configuration, name string, pass func(error) bool) ([]artefacts.Version, error) {
	var all []artefacts.Version
	for _, r := range references(stable(of)) {
		if r.Name != name {
			continue
		}
		w, err := c.load(ctx, tenancy.AccountID(of.Account), tenancy.RetailerID(of.Retailer), name, r.Hash)
		if err != nil && pass(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		number, err := workflow.VersionNumber(w.Version)
		if err != nil {
			return nil, fmt.Errorf("workflow artefact %.12s: %w", r.Hash, err)
		}
		all = append(all, artefacts.Version{Number: number, Hash: r.Hash, Comment: w.VersionComment})
	}
	return all, nil
}

// newest is the highest version that a workflow ever had, or "" if it is new. It is not always active: a control plane that was put back
// from a backup names an older one.
func (c *Configurations) newest(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, active []artefacts.Version) (string, error) {
	list, err := c.store.Versions(ctx, scope, of, artefacts.VersionsPage{Active: active, Count: 1})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return workflow.VersionText(list[0].Number), nil
}

// remember keeps the active version that an upload of the given version replaces.
func (c *Configurations) remember(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, active []artefacts.Version, version int) error {
	for _, v := range active {
		if workflow.Major(v.Number) != workflow.Major(version) {
			continue
		}
		if err := c.store.Keep(ctx, scope, of, v); err != nil {
			return fmt.Errorf("remember version %s of workflow %s: %w", workflow.VersionText(v.Number), of.Name, err)
		}
	}
	return nil
}

// Version is one stored version of a workflow.
type Version struct {
	artefacts.Version
	Active bool
}

// Versions lists the stored versions of a workflow, newest first; more says that others follow. The error is fault NotFound when the
// retailer has no such workflow.
func (c *Configurations) Versions(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, start, count int) (list []Version, more bool, err error) {
	active, err := c.active(ctx, c.configuration(scope.Account(), of.Retailer), of.Name)
	if err != nil {
		return nil, false, err
	}
	if len(active) == 0 {
		return nil, false, noWorkflow(of)
	}
	found, err := c.store.Versions(ctx, scope, of, artefacts.VersionsPage{Active: active, Start: start, Count: count + 1})
	if err != nil {
		return nil, false, err
	}
	if more = len(found) > count; more {
		found = found[:count]
	}
	works := map[int]bool{}
	for _, v := range active {
		works[v.Number] = true
	}
	list = make([]Version, len(found))
	for i, v := range found {
		list[i] = Version{Version: v, Active: works[v.Number]}
	}
	return list, more, nil
}

// Newest asks Text for the newest version.
const Newest = -1

// Text returns the active text of a workflow's major version, or of the highest with Newest, as it was uploaded but for its version;
// fault NotFound if there is none.
func (c *Configurations) Text(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, major int) ([]byte, error) {
	known, best := false, Reference{Version: -1}
	for _, r := range c.References(scope.Account(), of.Retailer) {
		if r.Name != of.Name {
			continue
		}
		known = true
		if (major == Newest || major == workflow.Major(r.Version)) && r.Version > best.Version {
			best = r
		}
	}
	switch {
	case !known:
		return nil, noWorkflow(of)
	case best.Hash == "":
		return nil, fault.NotFoundf("Retailer %d has no version %d of workflow %s", of.Retailer, major, of.Name).At("version")
	}
	return c.store.Get(ctx, scope, best.Hash)
}

// TextOf is Text of exactly one version, active or not.
func (c *Configurations) TextOf(ctx context.Context, scope tenancy.Scope, of artefacts.Workflow, version int) ([]byte, error) {
	active, err := c.active(ctx, c.configuration(scope.Account(), of.Retailer), of.Name)
	if err != nil {
		return nil, err
	}
	if len(active) == 0 {
		return nil, noWorkflow(of)
	}
	for _, v := range active {
		if v.Number == version {
			return c.store.Get(ctx, scope, v.Hash)
		}
	}
	text, err := c.store.Text(ctx, scope, of, version)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.NotFoundf("Retailer %d has no version %s of workflow %s", of.Retailer, workflow.VersionText(version), of.Name).At("version")
	}
	return text, err
}

func noWorkflow(of artefacts.Workflow) error {
	return fault.NotFoundf("Retailer %d has no workflow %s", of.Retailer, of.Name).At("name")
}
