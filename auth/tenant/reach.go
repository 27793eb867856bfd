package tenant

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/tenancy"
)

// reach is a set of contexts: the whole account, or some retailers and some locations. The zero reach is empty.
type reach struct {
	account   bool
	retailers []tenancy.RetailerID // sorted
	locations []tenancy.Location   // sorted by id, those of retailers that are reached as a whole too
}

func (r *reach) add(c Context) {
	switch c.Type {
	case AccountContext:
		r.account = true
	case RetailerContext:
		if c.Retailer > 0 {
			r.retailers = inserted(r.retailers, c.Retailer, func(x, y tenancy.RetailerID) int { return int(x - y) })
		}
	case AgentContext:
		if c.Retailer > 0 {
			r.locations = inserted(r.locations, tenancy.Location{ID: c.ID, Ref: c.Ref, Retailer: c.Retailer}, byID)
		}
	}
}

func byID(x, y tenancy.Location) int { return strings.Compare(x.ID, y.ID) }

// inserted puts an element into a sorted list where it is not there yet.
func inserted[T any](list []T, x T, compare func(T, T) int) []T {
	at, found := slices.BinarySearchFunc(list, x, compare)
	if found {
		return list
	}
	return slices.Insert(list, at, x)
}

func (r *reach) join(with reach) {
	r.account = r.account || with.account
	for _, id := range with.retailers {
		r.add(Context{Type: RetailerContext, Retailer: id})
	}
	for _, at := range with.locations {
		r.locations = inserted(r.locations, at, byID)
	}
}

// covers reports whether all that is of the retailer is within reach; the account itself (0) only is when the account was granted.
func (r reach) covers(retailer tenancy.RetailerID) bool {
	if r.account {
		return true
	}
	_, found := slices.BinarySearch(r.retailers, retailer)
	return found
}

// touches reports whether a location of the retailer is within reach.
func (r reach) touches(retailer tenancy.RetailerID) bool {
	return slices.ContainsFunc(r.locations, func(at tenancy.Location) bool { return at.Retailer == retailer })
}

// holds reports whether all of a context is within reach. A location that is not known is the account's.
func (r reach) holds(c Context) bool {
	if r.covers(c.Retailer) {
		return true
	}
	_, found := slices.BinarySearchFunc(r.locations, tenancy.Location{ID: c.ID}, byID)
	return found && c.Type == AgentContext && c.Retailer > 0
}

func (r reach) empty() bool { return !r.account && len(r.retailers) == 0 && len(r.locations) == 0 }

// scope is what is within reach.
func (r reach) scope(account tenancy.AccountID) tenancy.Scope {
	var limit []tenancy.RetailerID
	if !r.account {
		limit = slices.Clone(r.retailers)
		if len(limit) == 0 {
			limit = []tenancy.RetailerID{nobody}
		}
	}
	scope, err := tenancy.NewScope(account, limit...)
	if err != nil {
		return tenancy.Scope{} // a principal without an account reaches nothing
	}
	beside := slices.DeleteFunc(slices.Clone(r.locations), func(at tenancy.Location) bool { return r.covers(at.Retailer) })
	if len(beside) == 0 {
		return scope
	}
	return scope.Narrowed(&tenancy.Limits{Whole: r.retailers, Locations: beside})
}

func decimal(r tenancy.RetailerID) string { return strconv.Itoa(int(r)) }
