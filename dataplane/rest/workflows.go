package rest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/words"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// uploaded is the answer to a stored workflow.
type uploaded struct {
	EntityID    string             `json:"entityId"` // 2-ORDER::HD::1.42
	EventStatus string             `json:"eventStatus"`
	Warnings    []workflow.Problem `json:"warnings,omitempty"`
}

// putWorkflow stores and activates a workflow of which every rule exists.
func (a *API) putWorkflow(c *call) (any, error) {
	return a.upload(c, a.Rules)
}

// postWorkflow does the same without looking at the rules.
func (a *API) postWorkflow(c *call) (any, error) {
	return a.upload(c, nil)
}

func (a *API) upload(c *call, names *workflow.Names) (any, error) {
	body, err := httpapi.ReadBody(c.w, c.r)
	if err != nil {
		return nil, err
	}
	if at := catalogue.BadEscape(body); at >= 0 {
		return nil, fault.Invalidf(httpapi.Place(body, at), "The escape stands for no character that can be stored")
	}
	parsed, err := workflow.Parse(body)
	if err != nil {
		return nil, err
	}
	if err := a.isRoot(parsed.EntityType); err != nil {
		return nil, err
	}
	retailer, err := retailerNumber(parsed.RetailerID)
	wrong := a.slips(parsed)
	wrong.add(err)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if err := a.retailerExists(c, retailer); err != nil {
		return nil, err
	}
	permission := updateWorkflow
	if !a.Configurations.Known(c.caller.Account, retailer, parsed.Name) {
		permission = createWorkflow
	}
	if err := c.caller.Can(permission, retailer); err != nil {
		return nil, err
	}
	version, problems, err := a.Configurations.Upload(c.r.Context(), configuration.Upload{
		Scope: c.caller.Scope(), Text: body, Parsed: parsed, Author: c.caller.Username, Names: names, Control: a.Control,
	})
	if err != nil {
		return nil, err
	}
	id := strconv.Itoa(int(retailer)) + "-" + parsed.Name + "::" + version
	return uploaded{EntityID: id, EventStatus: "COMPLETE", Warnings: problems}, nil
}

// isRoot refuses a workflow that nothing would ever follow.
func (a *API) isRoot(entityType string) error {
	roots := slices.Clone(workflow.Roots)
	for _, t := range a.Store.Catalogue().Types() {
		if t.Workflow && (t.Root == nil || t.OwnRoot) && !slices.Contains(roots, t.EntityType) {
			roots = append(roots, t.EntityType)
		}
	}
	if slices.Contains(roots, entityType) {
		return nil
	}
	slices.Sort(roots)
	return fault.Invalidf("entityType", "No workflow begins with %q; those that do are %s", entityType, strings.Join(roots, ", "))
}

// slips notes entity types of a workflow that are nearly ones that events have, and a subtype with blanks at its ends, which no entity has: nothing of
// it would ever run.
func (a *API) slips(w *workflow.Workflow) (wrong wrongs) {
	types := a.entityTypes()
	near := func(place, given string) {
		if !slices.Contains(types, given) && words.Nearest(given, types) != "" {
			wrong.known(word{place, given, types})
		}
	}
	for i, r := range w.Rulesets {
		near(fmt.Sprintf("rulesets[%d].type", i), r.Type)
	}
	for i, s := range w.Statuses {
		near(fmt.Sprintf("statuses[%d].entityType", i), s.EntityType)
	}
	wrong.plain(map[string]string{"entitySubtype": w.EntitySubtype})
	return wrong
}

// workflowOf reads which workflow a path names, and asks whether the caller may see it.
func workflowOf(c *call) (artefacts.Workflow, error) {
	retailer, err := retailerNumber(c.r.PathValue("retailer"))
	if err != nil {
		return artefacts.Workflow{}, err
	}
	return artefacts.Workflow{Retailer: retailer, Name: c.r.PathValue("name")}, c.may(retailer)
}

// getWorkflow answers with a workflow as it was uploaded: the newest version, with ?version=1 the newest of that major, with
// ?version=1.3 exactly that one.
func (a *API) getWorkflow(c *call) (any, error) {
	of, err := workflowOf(c)
	if err != nil {
		return nil, err
	}
	text, err := a.workflowText(c, of)
	return json.RawMessage(text), err
}

func (a *API) workflowText(c *call, of artefacts.Workflow) ([]byte, error) {
	asked := c.r.URL.Query().Get("version")
	if asked == "" {
		return a.Configurations.Text(c.r.Context(), c.caller.Scope(), of, configuration.Newest)
	}
	exact := strings.Contains(asked, ".")
	if !exact {
		asked += ".0"
	}
	version, err := workflow.VersionNumber(asked)
	if err != nil {
		return nil, fault.Invalidf("version", "%s", err.Error())
	}
	if exact {
		return a.Configurations.TextOf(c.r.Context(), c.caller.Scope(), of, version)
	}
	return a.Configurations.Text(c.r.Context(), c.caller.Scope(), of, workflow.Major(version))
}

// page is one page of a list.
type page[T any] struct {
	Start   int  `json:"start"`
	Count   int  `json:"count"` // how many results are here
	HasMore bool `json:"hasMore"`
	Results []T  `json:"results"`
}

type versionItem struct {
	RetailerID     string `json:"retailerId"`
	Name           string `json:"name"`
	Version        string `json:"version"`
	VersionComment string `json:"versionComment"`
	CreatedOn      string `json:"createdOn"`
	Active         bool   `json:"active"` // the newest of its major
}

// listVersions lists the stored versions of a workflow, newest first.
func (a *API) listVersions(c *call) (any, error) {
	of, err := workflowOf(c)
	if err != nil {
		return nil, err
	}
	start, count, err := window(c.r, 100, 1000)
	if err != nil {
		return nil, err
	}
	versions, more, err := a.Configurations.Versions(c.r.Context(), c.caller.Scope(), of, start, count)
	if err != nil {
		return nil, err
	}
	items := make([]versionItem, len(versions))
	for i, v := range versions {
		items[i] = versionItem{decimal(of.Retailer), of.Name, workflow.VersionText(v.Number), v.Comment, milliseconds(v.CreatedOn), v.Active}
	}
	return page[versionItem]{Start: start, Count: len(items), HasMore: more, Results: items}, nil
}

type workflowItem struct {
	RetailerID    string `json:"retailerId"`
	Name          string `json:"name"`
	EntityType    string `json:"entityType"`
	EntitySubtype string `json:"entitySubtype"`
	Version       string `json:"version"`
}

// listWorkflows lists a retailer's active workflows, one for each name and major version.
func (a *API) listWorkflows(c *call) (any, error) {
	retailer, err := retailerNumber(string(c.retailer(httpapi.Text(c.r.URL.Query().Get("retailerId")))))
	if err != nil {
		return nil, err
	}
	if err := c.may(retailer); err != nil {
		return nil, err
	}
	start, count, err := window(c.r, 100, 1000)
	if err != nil {
		return nil, err
	}
	items := []workflowItem{}
	active := a.Configurations.References(c.caller.Account, retailer)
	slices.SortFunc(active, func(x, y configuration.Reference) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), x.Version-y.Version)
	})
	for _, ref := range active {
		w, _, err := a.Configurations.Get(c.r.Context(), c.caller.Account, retailer, workflow.Following{Name: ref.Name, Version: ref.Version})
		if err != nil {
			return nil, err
		}
		items = append(items, workflowItem{w.RetailerID, w.Name, w.EntityType, w.EntitySubtype, w.Version})
	}
	from := min(start, len(items))
	to := min(from+count, len(items))
	return page[workflowItem]{Start: start, Count: to - from, HasMore: to < len(items), Results: items[from:to]}, nil
}

// window reads start and count.
func window(r *http.Request, usual, most int) (start, count int, err error) {
	var wrong wrongs
	count = usual
	for _, n := range []struct {
		name string
		into *int
		low  int
		high int
	}{{"start", &start, 0, 1 << 30}, {"count", &count, 1, most}} {
		s := r.URL.Query().Get(n.name)
		if s == "" {
			continue
		}
		if *n.into, err = strconv.Atoi(s); err != nil || *n.into < n.low || *n.into > n.high {
			wrong.add(fault.Invalidf(n.name, "A number from %d to %d is expected, got %q", n.low, n.high, s))
		}
	}
	return start, count, wrong.err()
}

// retailerNumber reads a retailer id that a request names.
func retailerNumber(s string) (tenancy.RetailerID, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n <= 0 {
		return 0, fault.Invalidf("retailerId", "A retailer's number is expected, got %q", s)
	}
	return tenancy.RetailerID(n), nil
}

// retailerExists refuses the number of a retailer that the account does not have. Whose it is, permissions say.
func (a *API) retailerExists(c *call, number tenancy.RetailerID) error {
	if !c.caller.Scope().Allows(number) {
		return nil
	}
	found, err := a.Store.Reader(c.caller.Scope()).ByID(c.r.Context(), store.TypeOf[foundation.Retailer](a.Store), catalogue.ID(decimal(number)))
	if err != nil {
		return err
	}
	if found[0] == nil {
		return fault.NotFoundf("There is no retailer %d", number).At("retailerId")
	}
	return nil
}
