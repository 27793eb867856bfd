package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Activations say by which versions retailers work, by RetailerKey.
var Activations = Table[*statev1.Activation]{name: "activations",
	key: func(a *statev1.Activation) string { return RetailerKey(a.GetAccount(), a.GetRetailer()) }}

// activationsApart is the schema since which a version can be committed without being activated, and tried as a candidate.
const activationsApart = 6

// wholeShare is the share of all roots: hundredths of a percent.
const wholeShare = 10_000

// activationCommands say which versions are active.
var activationCommands = []command{
	{statev1.Kind_KIND_ACTIVATE_CONFIGURATION, activationsApart, handle(activateConfiguration)},
}

// activateConfiguration has a retailer work by committed versions. Nothing changes where it works by them already.
func activateConfiguration(tx *Tx, c *statev1.ActivateConfiguration) (proto.Message, error) {
	account, retailer := c.GetAccount(), c.GetRetailer()
	if err := tx.configurable(account, retailer); err != nil {
		return nil, err
	}
	key := RetailerKey(account, retailer)
	before, found := Activations.Get(tx.View, key)
	if err := checkEtag("activation of", key, c.GetEtag(), etag(Index(before.GetIndex()))); err != nil {
		return nil, err
	}
	if err := tx.activatable(c); err != nil {
		return nil, err
	}
	if found && before.GetStable() == c.GetStable() && before.GetCandidate() == c.GetCandidate() && before.GetShare() == c.GetShare() {
		return before, nil
	}
	tx.touch("configuration", key)
	return tx.activate(&statev1.Activation{Account: account, Retailer: retailer, Stable: c.GetStable(), Candidate: c.GetCandidate(), Share: c.GetShare()})
}

// activatable refuses versions that are not the retailer's, and shares of nothing.
func (tx *Tx) activatable(c *statev1.ActivateConfiguration) error {
	if _, err := tx.version(c.GetAccount(), c.GetRetailer(), c.GetStable(), "stable"); err != nil {
		return err
	}
	switch candidate := c.GetCandidate(); {
	case candidate == "" && c.GetShare() != 0:
		return fault.Invalidf("share", "There is no candidate that could have a share of %d.", c.GetShare())
	case candidate == "":
		return nil
	case candidate == c.GetStable():
		return fault.Invalidf("candidate", "The version %q is the stable one; a candidate is another.", candidate)
	case c.GetShare() > wholeShare:
		return fault.Invalidf("share", "A share is 0 to %d hundredths of a percent, not %d.", wholeShare, c.GetShare())
	}
	_, err := tx.version(c.GetAccount(), c.GetRetailer(), c.GetCandidate(), "candidate")
	return err
}

// activate has a retailer work by versions that exist; retailer 0 stands for the account itself.
func (tx *Tx) activate(a *statev1.Activation) (*statev1.Activation, error) {
	if _, found := Versions.Get(tx.View, a.GetStable()); !found {
		return nil, notFound("configuration version", a.GetStable())
	}
	a.Index = uint64(tx.index)
	if err := Activations.put(tx, a); err != nil {
		return nil, err
	}
	before, found := Retailers.Get(tx.View, RetailerKey(a.GetAccount(), a.GetRetailer()))
	if !found || before.GetVersion() == a.GetStable() && before.GetState() == cpv1.RetailerState_RETAILER_STATE_ACTIVE {
		return a, nil
	}
	r := proto.CloneOf(before)
	r.Version, r.State = a.GetStable(), cpv1.RetailerState_RETAILER_STATE_ACTIVE
	stamp(tx, r, before)
	return a, Retailers.put(tx, r)
}
