package availability

import (
	"encoding/json"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// SourcingProfile says by which strategies orders find their locations. It has versions, which do not change.
type SourcingProfile struct {
	ID                         catalogue.ID               `oms:"id,hidden,create=-"`
	CreatedOn                  time.Time                  `oms:"createdOn,create=-"`
	UpdatedOn                  time.Time                  `oms:"updatedOn,create=-"`
	Ref                        string                     `oms:"!,max=100" doc:"What its versions have in common."`
	Version                    int                        `oms:"version,create=-" doc:"Versions are numbered from 1."`
	VersionComment             string                     `oms:""`
	Name                       string                     `oms:""`
	Description                string                     `oms:""`
	Status                     string                     `oms:"create=-,default=DRAFT" doc:"ACTIVE of the version in use, DRAFT of one that has not been in use, INACTIVE of one that was."`
	RetailerID                 catalogue.ID               `oms:"wrap=RetailerLink,ref=Retailer,by=RetailerId,create=?,nosearch" doc:"The same in all versions."`
	DefaultMaxSplit            *int                       `oms:"defaultMaxSplit,least=0" doc:"Into how many fulfilments beyond the first an order may be split, where a strategy does not say."`
	DefaultNetworkID           catalogue.ID               `oms:"ref=Network,by=NetworkKey" doc:"Whose locations are asked, where a strategy does not say."`
	DefaultVirtualCatalogueID  catalogue.ID               `oms:"ref=VirtualCatalogue,by=VirtualCatalogueKey" doc:"What can be had, where a strategy does not say."`
	SourcingStrategies         []SourcingStrategy         `oms:"distinct" doc:"Tried in this order; all of an order must be found."`
	SourcingFallbackStrategies []SourcingFallbackStrategy `oms:"distinct" doc:"The first that fits is taken for what no strategy found."`
}

// SourcingStrategy is one way to choose locations. What it leaves out is as its profile says.
type SourcingStrategy struct {
	Ref                string              `json:"ref" oms:"!"`
	Name               string              `json:"name" oms:"!"`
	Description        string              `json:"description,omitempty" oms:""`
	Status             string              `json:"status" oms:"" doc:"ACTIVE if it is left out."`
	MaxSplit           *int                `json:"maxSplit,omitempty" oms:"least=0"`
	NetworkID          catalogue.ID        `json:"network,omitempty" oms:"ref=Network,by=NetworkKey"`
	VirtualCatalogueID catalogue.ID        `json:"virtualCatalogue,omitempty" oms:"ref=VirtualCatalogue,by=VirtualCatalogueKey"`
	SourcingConditions []SourcingCondition `json:"sourcingConditions,omitempty" oms:"create=[CreateSourcingConditionInput!]" doc:"All must hold."`
	SourcingCriteria   []SourcingCriterion `json:"sourcingCriteria,omitempty" oms:"create=[CreateSourcingCriterionInput!]" doc:"They rate locations, the first first."`
}

// UnmarshalJSON reads a strategy; one of which no status is said is ACTIVE.
func (s *SourcingStrategy) UnmarshalJSON(raw []byte) error {
	type plain SourcingStrategy
	given := plain{Status: catalogue.VersionActive}
	err := json.Unmarshal(raw, &given)
	*s = SourcingStrategy(given)
	return err
}

// SourcingFallbackStrategy is one way to choose locations for what no strategy found a whole for.
type SourcingFallbackStrategy SourcingStrategy

// UnmarshalJSON reads a strategy; one of which no status is said is ACTIVE.
func (s *SourcingFallbackStrategy) UnmarshalJSON(raw []byte) error {
	return (*SourcingStrategy)(s).UnmarshalJSON(raw)
}

// SourcingCondition is what must hold for a strategy to be tried.
type SourcingCondition struct {
	Name   string `json:"name,omitempty" oms:""`
	Type   string `json:"type" oms:"!" doc:"Such as fc.sourcing.condition.path."`
	Params any    `json:"params,omitempty" oms:"" doc:"What the type needs, such as path, operator and value."`
}

// SourcingCriterion rates locations.
type SourcingCriterion struct {
	Name   string `json:"name,omitempty" oms:""`
	Type   string `json:"type" oms:"!" doc:"Such as fc.sourcing.criterion.locationDistance."`
	Params any    `json:"params,omitempty" oms:"" doc:"What the type needs, such as value and valueUnit."`
}
