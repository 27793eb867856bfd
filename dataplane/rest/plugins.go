package rest

import (
	"github.com/fluent-oms/fluent/dataplane/rule"
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
