package policy

import (
	"context"
	"slices"
)

// Resource is where a thing is, as far as it is known: what limited roles are limited by.
type Resource struct {
	Region      string
	Environment string
	Account     string
}

// Answer is one of the three answers of a decision. The zero value is Deny.
type Answer int

// The answers.
const (
	Deny       Answer = iota
	Allow             // whatever the resource
	AllowWhere        // for the resources that Where covers: a filter for lists, a check for single things
)

// String names the answer.
func (a Answer) String() string {
	switch a {
	case Allow:
		return "allow"
	case AllowWhere:
		return "allow where"
	default:
		return "deny"
	}
}

// Where is a filter: resources in one of the regions, or of one of the accounts. The zero Where covers nothing.
type Where struct {
	Regions  []string // sorted
	Accounts []string // sorted
}

// Covers reports whether the filter lets a resource through.
func (w Where) Covers(r Resource) bool {
	return r.Region != "" && slices.Contains(w.Regions, r.Region) || r.Account != "" && slices.Contains(w.Accounts, r.Account)
}

// Decision is the policy's answer with its reason.
type Decision struct {
	Answer Answer
	Reason string // UNKNOWN_PERMISSION, ROLE, ROLE_MISSING, ROLE_LIMITED, OUTSIDE_OF_ROLE
	Where  Where  // of AllowWhere
	Policy string // hash of the policy that decided
}

// Covers reports whether the decision lets a resource through.
func (d Decision) Covers(r Resource) bool {
	return d.Answer == Allow || d.Answer == AllowWhere && d.Where.Covers(r)
}

// read takes a decision out of the policy's result; whatever is not understood is a denial.
func read(value any, hash string) Decision {
	d := Decision{Policy: hash}
	m, _ := value.(map[string]any)
	d.Reason, _ = m["reason"].(string)
	switch m["answer"] {
	case "allow":
		d.Answer = Allow
	case "where":
		d.Answer = AllowWhere
		d.Where = Where{Regions: names(m["regions"]), Accounts: names(m["accounts"])}
	}
	return d
}

func names(v any) []string {
	items, _ := v.([]any)
	var out []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

type contextKey struct{}

// NewContext returns a context that carries the decision on a request, for handlers that filter lists by it.
func NewContext(ctx context.Context, d Decision) context.Context {
	return context.WithValue(ctx, contextKey{}, d)
}

// FromContext gives the decision on a request; a denial when there was none.
func FromContext(ctx context.Context) Decision {
	d, _ := ctx.Value(contextKey{}).(Decision)
	return d
}
