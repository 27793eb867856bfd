package rest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
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
func (a *API) putWorkflow(w http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	return a.upload(w, r, p, a.Rules)
}

// postWorkflow does the same without looking at the rules.
func (a *API) postWorkflow(w http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	return a.upload(w, r, p, nil)
}

func (a *API) upload(w http.ResponseWriter, r *http.Request, p *tenant.Principal, names *workflow.Names) (any, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	if at := catalogue.BadEscape(body); at >= 0 {
		return nil, fault.Invalidf(place(body, at), "The escape stands for no character that can be stored")
	}
	parsed, err := workflow.Parse(body)
	if err != nil {
		return nil, err
	}
	retailer, err := retailerNumber(parsed.RetailerID)
	if err != nil {
		return nil, err
	}
	if err := a.retailerExists(r, p, retailer); err != nil {
		return nil, err
	}
	permission := "WORKFLOW_UPDATE"
	if current, err := a.Configurations.Get(r.Context(), p.Account, retailer, parsed.Name, 0); err != nil {
		return nil, err
	} else if current == nil {
		permission = "WORKFLOW_CREATE"
	}
	if err := p.Can(permission, retailer); err != nil {
		return nil, err
	}
	version, problems, err := a.Configurations.Upload(r.Context(), configuration.Upload{
		Scope: p.Scope(), Text: body, Parsed: parsed, Author: p.Username, Names: names, Control: a.Control,
	})
	if err != nil {
		return nil, err
	}
	id := strconv.Itoa(int(retailer)) + "-" + parsed.Name + "::" + version
	return uploaded{EntityID: id, EventStatus: "COMPLETE", Warnings: problems}, nil
}

// getWorkflow answers with the newest version of a workflow as it was uploaded; ?version=1 or 1.3 asks for the newest of a major.
func (a *API) getWorkflow(_ http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	retailer, err := retailerNumber(r.PathValue("retailer"))
	if err != nil {
		return nil, err
	}
	if err := p.Can("WORKFLOW_VIEW", retailer); err != nil {
		return nil, err
	}
	version := 0
	if v := r.URL.Query().Get("version"); v != "" {
		if !strings.Contains(v, ".") {
			v += ".0"
		}
		if version, err = workflow.VersionNumber(v); err != nil {
			return nil, fault.Invalidf("version", "%s", err.Error())
		}
	}
	text, err := a.Configurations.Text(r.Context(), p.Scope(), retailer, r.PathValue("name"), version)
	return json.RawMessage(text), err
}

// workflowPage is one page of the list of workflows.
type workflowPage struct {
	Start   int            `json:"start"`
	Count   int            `json:"count"`
	HasMore bool           `json:"hasMore"`
	Results []workflowItem `json:"results"`
}

type workflowItem struct {
	RetailerID    string `json:"retailerId"`
	Name          string `json:"name"`
	EntityType    string `json:"entityType"`
	EntitySubtype string `json:"entitySubtype"`
	Version       string `json:"version"`
}

// listWorkflows lists a retailer's active workflows, one for each name and major version.
func (a *API) listWorkflows(_ http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	retailer, err := retailerNumber(r.URL.Query().Get("retailerId"))
	if err != nil {
		return nil, err
	}
	if err := p.Can("WORKFLOW_VIEW", retailer); err != nil {
		return nil, err
	}
	start, count, err := window(r, 100, 1000)
	if err != nil {
		return nil, err
	}
	items := []workflowItem{}
	for _, ref := range a.Configurations.References(p.Account, retailer) {
		w, err := a.Configurations.Get(r.Context(), p.Account, retailer, ref.Name, ref.Version)
		if err != nil {
			return nil, err
		}
		items = append(items, workflowItem{w.RetailerID, w.Name, w.EntityType, w.EntitySubtype, w.Version})
	}
	slices.SortFunc(items, func(x, y workflowItem) int { return strings.Compare(x.Name+x.Version, y.Name+y.Version) })
	from := min(start, len(items))
	page := items[from:min(from+count, len(items))]
	return workflowPage{Start: start, Count: len(page), HasMore: from+len(page) < len(items), Results: page}, nil
}

// window reads start and count.
func window(r *http.Request, usual, most int) (start, count int, err error) {
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
			return 0, 0, fault.Invalidf(n.name, "A number from %d to %d is expected, got %q", n.low, n.high, s)
		}
	}
	return start, count, nil
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
func (a *API) retailerExists(r *http.Request, p *tenant.Principal, number tenancy.RetailerID) error {
	if !p.Scope().Allows(number) {
		return nil
	}
	found, err := a.Store.Reader(p.Scope()).ByID(r.Context(), store.TypeOf[foundation.Retailer](a.Store), catalogue.ID(decimal(number)))
	if err != nil {
		return err
	}
	if found[0] == nil {
		return fault.NotFoundf("There is no retailer %d", number).At("retailerId")
	}
	return nil
}
