// Package availability is what can be had, when and from where: controls on what may be sold, questions of shoppers and the plans that answer
// them, and the profiles by which orders find their locations.
package availability

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: append(append(controlTypes(), optionTypes()...), profile()),
		Values: []catalogue.ValueSpec{
			{Go: FulfilmentOptionAddress{}, Input: "CreateFulfilmentOptionAddressInput", Doc: "An address as far as it is known."},
			{Go: FulfilmentOptionProduct{}, Input: "CreateFulfilmentOptionProductInput", Doc: "A product that is asked for."},
			{Go: FulfilmentPlanFulfilment{}, Input: "CreateFulfilmentPlanFulfilmentInput", Doc: "What a plan takes from one location."},
			{Go: FulfilmentPlanFulfilmentItem{}, Input: "CreateFulfilmentPlanFulfilmentItemInput", Doc: "How many of a product a plan takes from a location."},
			{Go: SourcingStrategy{}, Input: "CreateSourcingStrategyInput", MergeBy: "ref", Doc: "A way to choose locations for all of an order."},
			{Go: SourcingFallbackStrategy{}, Input: "CreateSourcingFallbackStrategyInput", MergeBy: "ref", Doc: "A way to choose locations for what no strategy found."},
			{Go: SourcingCondition{}, Input: "CreateSourcingConditionInput", Doc: "What must hold for a strategy to be tried."},
			{Go: SourcingCriterion{}, Input: "CreateSourcingCriterionInput", Doc: "What rates locations."},
			{Go: FulfilmentPlanException{}, Input: "CreateFulfilmentPlanExceptionInput", Doc: "Why a plan does not cover all."},
		},
		Enums: []catalogue.EnumSpec{{Name: "ExecutionMode", Values: "AWAIT_ORCHESTRATION", Doc: "Whether an answer waits for the workflow that a creation starts."}},
		Inputs: []catalogue.InputSpec{
			{Name: "UpdateFulfilmentOptionInput", Of: "FulfilmentOption", Base: catalogue.Update, Without: "type"},
			{Name: "UpdateFulfilmentPlanInput", Of: "FulfilmentPlan", Base: catalogue.Update, Without: "type"},
		},
	}
}

func controlTypes() []catalogue.TypeSpec {
	const orchestratedNode = "Node Referenceable Orchestrateable Extendable"
	return []catalogue.TypeSpec{
		{
			Go: ControlGroup{}, Doc: "Contains the controls of a virtual catalogue.", Event: "CONTROL_GROUP", Fires: true, Implements: orchestratedNode,
			Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref", Retailer: "retailerRefs", Location: catalogue.Everywhere, Writers: "IMPLEMENTER", Gets: []string{"controlGroup(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: Control{}, Doc: "A buffer, an exclusion or a threshold in what can be sold.", Event: "CONTROL", Root: "controlGroup", Fires: true, Implements: orchestratedNode,
			Lengths: "type=50 status=50", KeyInputs: "Key", Key: "ref controlGroup", Retailer: "controlGroup", Location: catalogue.Everywhere, Writers: "IMPLEMENTER",
			Gets: []string{"control(ref: String!, controlGroup: ControlGroupKey!)"}, Create: true, Update: "ref controlGroup?",
		},
	}
}

func optionTypes() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: FulfilmentOption{}, Doc: "Asks which products can be had, and when, and from where.", ID: catalogue.UUID, Event: "FULFILMENT_OPTIONS", Fires: true,
			Implements: "Node Orchestrateable", KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "retailerId", Location: "locationRef", Writers: "INTEGRATION CUSTOMER_SERVICE",
			Gets: []string{"fulfilmentOptionById(id: ID!)"}, Create: true, Awaits: "executionMode: ExecutionMode", Update: "id",
		},
		{
			Go: FulfilmentPlan{}, Doc: "One way to fulfil what an option asks for.", ID: catalogue.UUID, Event: "FULFILMENT_PLAN", Root: "fulfilmentOption", Fires: true,
			Implements: "Node Orchestrateable", KeyInputs: "Id", Key: "ref", Loose: true, Retailer: "retailerId", Location: "fulfilmentOption", Writers: "INTEGRATION CUSTOMER_SERVICE", Agrees: []string{"fulfilmentOption.retailerId = retailerId"},
			Gets: []string{"fulfilmentPlanById(id: ID!)"}, Create: true, Update: "id",
		},
	}
}

func profile() catalogue.TypeSpec {
	return catalogue.TypeSpec{
		Go: SourcingProfile{}, Doc: "By which strategies orders find their locations.", Versioned: true, Key: "ref version", Retailer: "retailer", Location: catalogue.Everywhere, Writers: "IMPLEMENTER",
		Gets: []string{"sourcingProfile(ref: String!, version: Int, status: String)"}, Create: true,
	}
}
