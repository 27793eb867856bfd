package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Regions are the regions, by their names.
var Regions = Table[*cpv1.Region]{name: "regions", key: (*cpv1.Region).GetName}

// InRegion names the group of what is in a region.
func InRegion(region string) string { return "region/" + region }

// regionCommands are about regions.
var regionCommands = []command{
	{statev1.Kind_KIND_PUT_REGION, 1, handle(putRegion)},
	{statev1.Kind_KIND_DELETE_REGION, 1, handle(deleteRegion)},
}

func putRegion(tx *Tx, c *statev1.PutRegion) (proto.Message, error) {
	region := c.GetRegion()
	before, found := Regions.Get(tx.View, region.GetName())
	if _, err := create("region", region.GetName(), c.GetEtag(), before, found); err != nil {
		return nil, err
	}
	stamp(tx, region, before)
	tx.touch("region", region.GetName())
	return region, Regions.put(tx, region)
}

func deleteRegion(tx *Tx, c *statev1.DeleteRegion) (proto.Message, error) {
	before, found := Regions.Get(tx.View, c.GetName())
	if !found {
		return nil, notFound("region", c.GetName())
	}
	if err := checkEtag("region", c.GetName(), c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	if environments, _ := Environments.Group(tx.View, InRegion(c.GetName())); len(environments) > 0 {
		return nil, fault.New(fault.Unprocessable, "The region %s has environments; delete them first.", c.GetName()).
			With("environment", environments[0].GetName())
	}
	if err := tx.endJoinTokens(func(t *statev1.JoinToken) bool { return t.GetRegion() == c.GetName() }); err != nil {
		return nil, err
	}
	tx.touch("region", c.GetName())
	return nil, Regions.remove(tx, c.GetName())
}
