package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/fault"
)

// stockAccount is the account part of the names of rules that come with the platform.
const stockAccount = "FLUENTRETAIL"

// ruleDescription is how the plugin API describes a rule.
type ruleDescription struct {
	Name            string          `json:"name"`
	Description     string          `json:"description"`
	EventAttributes []string        `json:"eventAttributes"`
	Parameters      []ruleParameter `json:"parameters"`
	RuleInfo        ruleInfo        `json:"ruleInfo"`
}

type ruleParameter struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`
	Multiple    bool   `json:"multiple"`
}

type ruleInfo struct {
	Name          string       `json:"name"`
	Description   string       `json:"description"`
	Accepts       []ruleAccept `json:"accepts"`
	Produces      []string     `json:"produces"`
	RuleException []string     `json:"ruleException"`
}

type ruleAccept struct {
	EntityType    string  `json:"entityType"`
	EventName     *string `json:"eventName"`
	EntitySubtype *string `json:"entitySubtype"`
	Status        *string `json:"status"`
}

// listRules lists the rules that workflows may name, by full name.
func (a *API) listRules(c *call) (any, error) {
	if err := c.may(0); err != nil {
		return nil, err
	}
	all := make(map[string]ruleDescription, len(a.Library))
	for _, known := range a.Library {
		name := stockAccount + "." + known.Plugin + "." + known.Name
		all[name] = describe(name, known)
	}
	return all, nil
}

func describe(name string, r rule.Rule) ruleDescription {
	d := ruleDescription{
		Name: name, Description: r.Doc, EventAttributes: []string{}, Parameters: []ruleParameter{},
		RuleInfo: ruleInfo{
			Name: r.Name, Description: r.Doc, Accepts: []ruleAccept{}, Produces: []string{}, RuleException: []string{},
		},
	}
	for _, p := range r.Props {
		d.Parameters = append(d.Parameters, ruleParameter{Name: p.Name, Description: p.Doc, Type: p.Type, Multiple: p.Multiple})
	}
	for _, t := range r.Accepts {
		d.RuleInfo.Accepts = append(d.RuleInfo.Accepts, ruleAccept{EntityType: t})
	}
	return d
}

// bundle is how the plugin API tells of a bundle of rules.
type bundle struct {
	Version string `json:"bundleVersion"`
	Status  string `json:"bundleStatus"`
}

// bundleStatus tells of a bundle, such as FLUENTRETAIL.order::1.4 or ACME.order: those that come with the platform, in its own version, are active for
// every account, under the stock account's name and under its own.
func (a *API) bundleStatus(c *call) (any, error) {
	if err := c.may(0); err != nil {
		return nil, err
	}
	name, version, _ := strings.Cut(c.r.PathValue("bundle"), "::")
	account, plugin, _ := strings.Cut(name, ".")
	built := slices.ContainsFunc(a.Library, func(r rule.Rule) bool { return r.Plugin == plugin })
	if (account != stockAccount && account != string(c.caller.Account)) || !built || version != "" && version != a.Release {
		return nil, fault.NotFoundf("There is no bundle %s; those that come with the platform have version %s", c.r.PathValue("bundle"), a.Release)
	}
	return bundle{Version: a.Release, Status: "ACTIVE"}, nil
}

// noBundles refuses bundles, unread.
func (a *API) noBundles(*call) (any, error) {
	return nil, fault.New(fault.Unprocessable, "Bundles of rules are not taken, of no kind: rules come with the platform; GET /orchestration/rest/v1/plugin lists them").
		WithCode(fault.CodeUnserved).With("kinds", "none")
}

// healthy answers as long as there is an API to answer. A node that is not ready has none, and gateways ask another.
func (a *API) healthy(w http.ResponseWriter, _ *http.Request) {
	httpapi.WriteJSON(w, http.StatusOK, map[string]string{"status": "UP"})
}
