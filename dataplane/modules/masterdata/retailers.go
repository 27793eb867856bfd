package masterdata

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
)

// retailerMembers are what set-up records call members of the inputs of retailers.
var retailerMembers = map[string]string{
	"name": "retailerName", "tradingName": "tradingName", "supportPhone": "customerSupportPhone", "supportEmail": "customerSupportEmail",
	"websiteUrl": "website", "region": "region", "summary": "summary", "primaryEmail": "primaryEmail",
}

// retailers reads set-up records of an account. Numbers of retailers are the platform's to allot: a record that names another than its retailer gets
// is told so.
func retailers(_ context.Context, _ *store.Reader, b manifest.Batch, records []map[string]any) ([]manifest.Entity, error) {
	if b.Retailer != 0 {
		return nil, fault.Invalidf("entityType", "retailers are set up by a job of the account: retailerId 0")
	}
	out := make([]manifest.Entity, len(records))
	for i, x := range records {
		var err error
		if out[i], err = retailer(x); err != nil {
			out[i].Err = err
		}
	}
	return out, nil
}

func retailer(r record) (x manifest.Entity, err error) {
	ref, named, err := r.ref("retailerName", "ref")
	if err != nil {
		return x, err
	}
	x = manifest.Entity{Type: "Retailer", Among: "Retailer", Key: store.Key{ref}, Input: map[string]any{}, Names: map[string]string{}}
	for member, theirs := range retailerMembers {
		if v, given := r[theirs]; given {
			x.Input[member], x.Names[member] = v, theirs
		}
	}
	x.Input["name"], x.Names["name"], x.Names["ref"] = ref, named, named
	id, err := r.text("retailerId")
	x.Note = func(made string) string {
		if id == "" || made == id {
			return ""
		}
		return fmt.Sprintf("the platform allots the numbers of retailers: this one is %s, not %s", made, id)
	}
	return x, err
}
