// Package limit declares what is limited for each account: what one request may ask for, how many requests there may be, and how much may be
// stored. An account's quotas, which operators set, change the figures.
package limit

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Limit is one of them.
type Limit struct {
	Name    string // of the quota that changes it, and in errors
	Doc     string // one sentence: what is counted, in which unit
	Default int64  // where no plan has one; 0: there is none
	Least   int64  // of a quota
	Most    int64  // of a quota
}

// The limits.
var (
	Rate       = Limit{Name: "requests-per-second", Doc: "Requests to the API a second, on all nodes of the environment together.", Least: 1, Most: 1_000_000}
	Complexity = Limit{Name: "complexity", Doc: "What a GraphQL document may cost: each connection counts the product of the page sizes above it.", Default: 11_111, Least: 100, Most: 1_000_000}
	Depth      = Limit{Name: "depth", Doc: "Entities and connections within each other in a GraphQL document.", Default: 25, Least: 5, Most: 100}
	Page       = Limit{Name: "page", Doc: "Rows of one page: first and last of a GraphQL connection.", Default: 5000, Least: 10, Most: 5000}
	Body       = Limit{Name: "body", Doc: "Bytes of a request's body.", Default: 2 << 20, Least: 64 << 10, Most: 2 << 20}
	RowsRead   = Limit{Name: "rows-read", Doc: "Rows that one GraphQL request reads, of all its connections and links together.", Default: 100_000, Least: 1000, Most: 1_000_000}
	StoredRows = Limit{Name: "stored-rows", Doc: "Rows of entities that the account keeps.", Least: 1000, Most: 1_000_000_000_000}
)

// All lists the limits.
func All() []Limit { return []Limit{Rate, Complexity, Depth, Page, Body, RowsRead, StoredRows} }

// Account is a scope of limits: an error says with it whose figure it names.
const Account = "ACCOUNT"

// Reached is the error of who reached a limit: its name, whose it is, and its figure are facts of the error.
func (l Limit) Reached(kind fault.Kind, figure int64, format string, args ...any) *fault.Error {
	return fault.New(kind, format, args...).With("limit", l.Name).With("scope", Account).With("figure", strconv.FormatInt(figure, 10))
}

// Figures are the limits of one account. It is a value; two of the same quotas are equal.
type Figures struct {
	Rate       int64 // requests a second; 0: no limit
	Complexity int
	Depth      int
	Page       int
	Body       int64 // bytes
	RowsRead   int
	StoredRows int64 // 0: no limit
}

// Plan is who shares an environment. It decides what its accounts may take that have no quota of it. The zero Plan decides nothing.
type Plan string

// The plans, by the names of kinds of environments.
const (
	Shared    Plan = "SHARED"    // by any account
	Dedicated Plan = "DEDICATED" // by accounts that were placed there by name
	Sandbox   Plan = "SANDBOX"   // to try things out
)

// Plans lists the plans.
func Plans() []Plan { return []Plan{Shared, Dedicated, Sandbox} }

var byPlan = map[Plan]map[string]int64{
	Shared:    {Rate.Name: 1000, StoredRows.Name: 50_000_000},
	Dedicated: {Rate.Name: 10_000, StoredRows.Name: 1_000_000_000},
	Sandbox:   {Rate.Name: 100, StoredRows.Name: 1_000_000},
}

// Quotas are an account's own with those of the plan that it has not got.
func (p Plan) Quotas(own map[string]int64) map[string]int64 {
	if len(byPlan[p]) == 0 {
		return own
	}
	all := maps.Clone(byPlan[p])
	maps.Copy(all, own)
	return all
}

// Of are the figures of an account with these quotas. Names that are not known, and figures out of bounds, count as not given: a control plane
// of a later release may know more.
func Of(quotas map[string]int64) Figures {
	figure := func(l Limit) int64 {
		if n, given := quotas[l.Name]; given && n >= l.Least && n <= l.Most {
			return n
		}
		return l.Default
	}
	return Figures{
		Rate: figure(Rate), Complexity: int(figure(Complexity)), Depth: int(figure(Depth)), Page: int(figure(Page)),
		Body: figure(Body), RowsRead: int(figure(RowsRead)), StoredRows: figure(StoredRows),
	}
}

// Standard are the figures of an account without quotas, and without a plan.
var Standard = Of(nil)

// Check refuses quotas that limit nothing, and figures out of bounds. The error is Invalid and says which there are.
func Check(quotas map[string]int64) error {
	for _, name := range slices.Sorted(maps.Keys(quotas)) {
		i := slices.IndexFunc(All(), func(l Limit) bool { return l.Name == name })
		if i < 0 {
			return fault.Invalidf("account.quotas", "There is no quota %q; there are %s", name, strings.Join(names(), ", "))
		}
		if l := All()[i]; quotas[name] < l.Least || quotas[name] > l.Most {
			return fault.Invalidf("account.quotas", "The quota %s must be %d to %d, not %d", name, l.Least, l.Most, quotas[name])
		}
	}
	return nil
}

func names() []string {
	var out []string
	for _, l := range All() {
		out = append(out, l.Name)
	}
	return out
}
