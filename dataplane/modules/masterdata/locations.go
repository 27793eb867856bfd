package masterdata

import (
	"context"
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
)

// locations reads records with the members of the inputs of locations, and retailerId, which is the job's if it is not given.
func locations(_ context.Context, _ *store.Reader, b manifest.Batch, records []map[string]any) ([]manifest.Entity, error) {
	out := make([]manifest.Entity, len(records))
	for i, x := range records {
		var err error
		if out[i], err = location(x, b); err != nil {
			out[i].Err = err
		}
	}
	return out, nil
}

func location(r record, b manifest.Batch) (x manifest.Entity, err error) {
	ref, named, err := r.ref("ref", "locationRef")
	if err != nil {
		return x, err
	}
	in := r.taken("type status name supportPhoneNumber defaultCarrier retailer primaryAddress openingSchedule networks storageAreas")
	in["ref"] = ref
	x = manifest.Entity{Type: "Location", Among: "Location", Key: store.Key{ref}, Input: in, Names: map[string]string{"ref": named}}
	retailer, err := r.text("retailerId")
	if err != nil {
		return x, err
	}
	if retailer == "" && b.Retailer != 0 {
		retailer = strconv.Itoa(int(b.Retailer))
	}
	if retailer != "" {
		otherwise(in, "retailer", map[string]any{"id": retailer})
		x.Names["retailer"] = "retailerId"
	}
	if address, ok := in["primaryAddress"].(map[string]any); ok {
		otherwise(address, "ref", ref)
	}
	return x, nil
}
