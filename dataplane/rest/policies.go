package rest

import (
	"unicode/utf8"

	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/domain/fault"
)

type policyRequest struct {
	Policy  *string `json:"policy"`
	Comment string  `json:"comment"`
}

type policyVersions struct {
	Results []identity.PolicyVersion `json:"results"`
}

func (a *API) listPolicies(c *call) (any, error) {
	list, err := a.Policies.Policies(c.r.Context(), c.caller)
	return policyVersions{Results: list}, err
}

func (a *API) putPolicy(c *call) (any, error) {
	var req policyRequest
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	if req.Policy == nil {
		return nil, fault.Invalidf("policy", "This member is required: Rego, or an empty text").WithCode(fault.CodeMissing)
	}
	if utf8.RuneCountInString(req.Comment) > 255 {
		return nil, fault.Invalidf("comment", "At most 255 characters are expected").WithCode(fault.CodeTooLong)
	}
	return a.Policies.PutPolicy(c.r.Context(), c.caller, *req.Policy, req.Comment)
}
