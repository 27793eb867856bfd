package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The steps of the making of a retailer, which the making of an account takes for its first one.
const (
	StepCreateRetailer    = "create_retailer"
	StepActivateWorkflows = "activate_workflows"
)

// retailerCreation makes another retailer of an account. A tenant waits for it.
var retailerCreation = OperationKind{Name: "retailer.create", Urgent: true, Steps: []OperationStep{
	retailerStep("Prepare the retailer's rows"),
	workflowsStep,
	readyStep,
}}

// retailerStep has a node make a retailer's rows.
func retailerStep(title string) OperationStep {
	return OperationStep{Name: StepCreateRetailer, Title: title, Ask: askForRetailer,
		End: func(v View, o *cpv1.Operation, answer proto.Message) (proto.Message, *Blocker) {
			prepared, _ := answer.(*nodev1.PrepareRetailerResponse)
			return &statev1.RetailerPrepared{
				Operation: o.GetId(), Artefacts: prepared.GetArtefacts(), Through: v.Cluster().GetSchemaFloor() >= StepsTogether,
			}, nil
		}}
}

func askForRetailer(v View, o *cpv1.Operation) (proto.Message, error) {
	r, found := Retailers.Get(v, RetailerKey(o.GetAccount(), o.GetRetailer()))
	if !found {
		return nil, fault.New(fault.Conflict, "The retailer %d of %s is gone.", o.GetRetailer(), o.GetAccount())
	}
	return &nodev1.PrepareRetailerRequest{
		Account: r.GetAccount(), Retailer: r.GetNumber(), Ref: r.GetRef(), TradingName: r.GetTradingName(), TimeZone: r.GetTimeZone(), Currency: r.GetCurrency(),
	}, nil
}

var workflowsStep = OperationStep{Name: StepActivateWorkflows, Title: "Activate its workflows", alone: (*Tx).activateFirst,
	End: func(_ View, o *cpv1.Operation, _ proto.Message) (proto.Message, *Blocker) {
		return &statev1.ActivateWorkflows{Operation: o.GetId()}, nil
	}}

func retailerPreparedNeeds(c *statev1.RetailerPrepared) uint32 {
	if c.GetThrough() {
		return StepsTogether
	}
	return 1
}

// retailerPrepared makes the retailer's first configuration version, which nothing works by yet.
func retailerPrepared(tx *Tx, c *statev1.RetailerPrepared) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), StepCreateRetailer)
	if err != nil {
		return nil, err
	}
	version, err := tx.commit(&statev1.ConfigurationVersion{
		Account: o.GetAccount(), Retailer: o.GetRetailer(), Artefacts: c.GetArtefacts(),
		Author: tx.meta.GetActor(), Message: "Default workflows",
	})
	if err != nil {
		return nil, err
	}
	setResult(o, ResultVersion, version.GetId())
	tx.endStep(o)
	if c.GetThrough() {
		if err := tx.goThrough(o); err != nil {
			return nil, err
		}
	}
	tx.touch("operation", o.GetId())
	return o, Operations.put(tx, o)
}

func activateWorkflows(tx *Tx, c *statev1.ActivateWorkflows) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), StepActivateWorkflows)
	if err != nil {
		return nil, err
	}
	if err := tx.activateFirst(o); err != nil {
		return nil, err
	}
	return tx.advance(o)
}

// activateFirst lets a new retailer work by the workflows that were made for it.
func (tx *Tx) activateFirst(o *cpv1.Operation) error {
	key := RetailerKey(o.GetAccount(), o.GetRetailer())
	// A version that the tenant has activated meanwhile stays.
	if _, found := Activations.Get(tx.View, key); !found {
		first := &statev1.Activation{Account: o.GetAccount(), Retailer: o.GetRetailer(), Stable: o.GetResult()[ResultVersion]}
		if _, err := tx.activate(first); err != nil {
			return err
		}
	}
	setResult(o, ResultOpenedIndex, etag(tx.index))
	return nil
}
