package availability

import "github.com/fluent-oms/fluent/domain/catalogue"

// ControlGroup contains the controls of a virtual catalogue.
type ControlGroup struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name         string               `oms:"create=!"`
	Description  string               `oms:""`
	RetailerRefs []string             `oms:"" doc:"The retailers that may use it."`
	Attributes   catalogue.Attributes `oms:"merge=name"`
	Controls     catalogue.Many       `oms:"of=Control,via=controlGroup"`
}

// Control is one buffer, exclusion or threshold in what can be sold of a position.
type Control struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its group."`
	catalogue.Orchestrated
	Name           string               `oms:"create=!"`
	Description    string               `oms:""`
	ExecutionOrder *int                 `oms:"executionOrder" doc:"Controls are looked at in ascending order; one without comes last."`
	Values         catalogue.Attributes `oms:"" doc:"What it is set to, such as an INTEGER named value. An update replaces them all."`
	ControlGroupID catalogue.ID         `oms:"ref=ControlGroup,by=ControlGroupKey,create=!" doc:"In updates it says which control is meant, where several groups have one of this ref."`
	Attributes     catalogue.Attributes `oms:"merge=name"`
}
