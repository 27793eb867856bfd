package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// The commands here each end one step of an operation together with what the step brings about, so that there is no moment at which
// one is done and the other is not.

func placeAccount(tx *Tx, c *statev1.PlaceAccount) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), StepPlace)
	if err != nil {
		return nil, err
	}
	environment, found := Environments.Get(tx.View, c.GetEnvironment())
	if !found {
		return nil, notFound("environment", c.GetEnvironment())
	}
	before, found := Accounts.Get(tx.View, o.GetAccount())
	if !found {
		return nil, notFound("account", o.GetAccount())
	}
	record := proto.CloneOf(before)
	settle(o, record.GetAccount(), environment)
	stamp(tx, record.GetAccount(), before.GetAccount())
	if err := Accounts.put(tx, record); err != nil {
		return nil, err
	}
	return tx.advance(o)
}

// settle says of an account, and of the operation that makes it, where it lives.
func settle(o *cpv1.Operation, a *cpv1.Account, in *cpv1.Environment) {
	a.Environment, a.Region = in.GetName(), in.GetRegion()
	o.Environment = in.GetName()
}

// accountPrepared also forgets the administrator: the environment has the user now, and its hash has no business here.
func accountPrepared(tx *Tx, c *statev1.AccountPrepared) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), StepPrepareAccount)
	if err != nil {
		return nil, err
	}
	before, found := Accounts.Get(tx.View, o.GetAccount())
	if !found {
		return nil, notFound("account", o.GetAccount())
	}
	record := proto.CloneOf(before)
	record.Administrator = nil
	if err := Accounts.put(tx, record); err != nil {
		return nil, err
	}
	return tx.advance(o)
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
		if err := tx.takeOwnSteps(o); err != nil {
			return nil, err
		}
	}
	tx.touch("operation", o.GetId())
	return o, Operations.put(tx, o)
}

// takeOwnSteps takes the steps that ask nothing of a node, as long as the operation is at one.
func (tx *Tx) takeOwnSteps(o *cpv1.Operation) error {
	for {
		var err error
		switch CurrentStep(o).GetName() {
		case StepActivateWorkflows:
			err = tx.activateFirst(o)
		case StepOpenClient:
			err = tx.openClients(o)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		tx.endStep(o)
	}
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
		if _, err := tx.activate(o.GetAccount(), o.GetRetailer(), o.GetResult()[ResultVersion]); err != nil {
			return err
		}
	}
	setResult(o, ResultOpenedIndex, etag(tx.index))
	return nil
}

func openClient(tx *Tx, c *statev1.OpenClient) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), StepOpenClient)
	if err != nil {
		return nil, err
	}
	if err := tx.openClients(o); err != nil {
		return nil, err
	}
	return tx.advance(o)
}

// openClients lets a new account's clients in.
func (tx *Tx) openClients(o *cpv1.Operation) error {
	before, found := Accounts.Get(tx.View, o.GetAccount())
	if !found {
		return notFound("account", o.GetAccount())
	}
	record := proto.CloneOf(before)
	record.Account.State = cpv1.AccountState_ACCOUNT_STATE_ACTIVE
	for _, client := range record.GetAccount().GetClients() {
		client.Open = true
	}
	stamp(tx, record.GetAccount(), before.GetAccount())
	if err := Accounts.put(tx, record); err != nil {
		return err
	}
	setResult(o, ResultOpenedIndex, etag(tx.index))
	return nil
}

func commitConfiguration(tx *Tx, c *statev1.CommitConfiguration) (proto.Message, error) {
	key := RetailerKey(c.GetAccount(), c.GetRetailer())
	if c.GetRetailer() != 0 {
		if _, found := Retailers.Get(tx.View, key); !found {
			return nil, notFound("retailer", key)
		}
	} else if _, found := Accounts.Get(tx.View, c.GetAccount()); !found {
		return nil, notFound("account", c.GetAccount())
	}
	active, _ := Activations.Get(tx.View, key)
	if c.GetBaseVersion() != "" && c.GetBaseVersion() != active.GetVersion() {
		return nil, fault.New(fault.Conflict, "The active configuration version is %q, not %q.", active.GetVersion(), c.GetBaseVersion()).
			At("base_version").With("version", active.GetVersion())
	}
	parent, _ := Versions.Get(tx.View, active.GetVersion())
	version, err := tx.commit(&statev1.ConfigurationVersion{
		Account: c.GetAccount(), Retailer: c.GetRetailer(), Artefacts: merge(parent.GetArtefacts(), c.GetArtefacts()),
		Parent: active.GetVersion(), Author: c.GetAuthor(), Message: c.GetMessage(),
	})
	if err != nil {
		return nil, err
	}
	activation, err := tx.activate(c.GetAccount(), c.GetRetailer(), version.GetId())
	if err != nil {
		return nil, err
	}
	tx.touch("configuration", key)
	return &statev1.ConfigurationCommitted{Version: version, Activation: activation}, nil
}

// merge changes artefacts; an empty hash takes one out.
func merge(base, changes map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(changes))
	for name, hash := range base {
		out[name] = hash
	}
	for name, hash := range changes {
		if hash == "" {
			delete(out, name)
			continue
		}
		out[name] = hash
	}
	return out
}
