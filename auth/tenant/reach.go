package tenant

import (
	"slices"
	"strconv"

	"github.com/fluent-oms/fluent/tenancy"
)

// reach is a set of contexts: the whole account, or some retailers. The zero reach is empty.
type reach struct {
	account   bool
	retailers []tenancy.RetailerID // sorted
}

func (r *reach) add(c Context) {
	switch c.Type {
	case AccountContext:
		r.account = true
	case RetailerContext, AgentContext:
		if c.Retailer <= 0 {
			return
		}
		at, found := slices.BinarySearch(r.retailers, c.Retailer)
		if !found {
			r.retailers = slices.Insert(r.retailers, at, c.Retailer)
		}
	}
}

func (r *reach) join(with reach) {
	r.account = r.account || with.account
	for _, id := range with.retailers {
		r.add(Context{Type: RetailerContext, Retailer: id})
	}
}

// covers reports whether the retailer is within reach; the account itself (0) only is when the account was granted.
func (r reach) covers(retailer tenancy.RetailerID) bool {
	if r.account {
		return true
	}
	_, found := slices.BinarySearch(r.retailers, retailer)
	return found
}

func (r reach) empty() bool { return !r.account && len(r.retailers) == 0 }

func decimal(r tenancy.RetailerID) string { return strconv.Itoa(int(r)) }
