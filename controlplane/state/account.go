package state

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Accounts are the accounts with what only the control plane may know of them, by their names.
var Accounts = Table[*statev1.AccountRecord]{name: "accounts", groups: accountGroups,
	key: func(r *statev1.AccountRecord) string { return r.GetAccount().GetName() }}

// OfAccount names the group of what belongs to an account.
func OfAccount(account string) string { return "account/" + account }

func accountGroups(r *statev1.AccountRecord) []string {
	groups := []string{InRegion(r.GetAccount().GetRegion())}
	if e := r.GetAccount().GetEnvironment(); e != "" {
		groups = append(groups, InEnvironment(e))
	}
	return groups
}

// accountCommands are about accounts, and end the steps that make one.
var accountCommands = []command{
	{statev1.Kind_KIND_CREATE_ACCOUNT, 1, handle(createAccount, createAccountNeeds)},
	{statev1.Kind_KIND_UPDATE_ACCOUNT, 1, handle(updateAccount)},
	{statev1.Kind_KIND_PLACE_ACCOUNT, 1, handle(placeAccount)},
	{statev1.Kind_KIND_ACCOUNT_PREPARED, 1, handle(accountPrepared)},
	{statev1.Kind_KIND_OPEN_CLIENT, 1, handle(openClient)},
}

// clientSchema is the schema since which clients have roles, and accounts are made with them.
const clientSchema = 4

func createAccountNeeds(c *statev1.CreateAccount) uint32 {
	switch {
	case c.GetPlaceIn() != "":
		return StepsTogether
	case len(c.GetRecord().GetAccount().GetClients()) > 0:
		return clientSchema
	}
	return 1
}

// createAccount makes the account, its first retailer and the operation that provisions both.
func createAccount(tx *Tx, c *statev1.CreateAccount) (proto.Message, error) {
	record := c.GetRecord()
	account := record.GetAccount()
	if _, found := Accounts.Get(tx.View, account.GetName()); found {
		return nil, exists("account", account.GetName())
	}
	if err := tx.checkHome(account); err != nil {
		return nil, err
	}
	if err := tx.checkHosts(account); err != nil {
		return nil, err
	}
	retailer := record.GetFirstRetailer()
	operation := newOperation(tx, accountCreation, account.GetName())
	operation.Retailer = 1
	if environment, found := Environments.Get(tx.View, c.GetPlaceIn()); found { // one that is gone by now is chosen anew, by the step
		settle(operation, account, environment)
		tx.endStep(operation)
	}
	account.State = cpv1.AccountState_ACCOUNT_STATE_PROVISIONING
	account.Operation = operation.GetId()
	tx.firstClients(record)
	record.LastRetailer, record.FirstRetailer = 1, nil
	stamp(tx, account, nil)
	if err := tx.addRetailer(retailer, account.GetName(), 1, operation.GetId()); err != nil {
		return nil, err
	}
	if err := Operations.put(tx, operation); err != nil {
		return nil, err
	}
	tx.touch("account", account.GetName())
	return &statev1.AccountCreated{Account: account, Operation: operation}, Accounts.put(tx, record)
}

// checkHome checks region and environment as far as the caller chose them.
func (tx *Tx) checkHome(a *cpv1.Account) error {
	if a.GetEnvironment() != "" {
		e, found := Environments.Get(tx.View, a.GetEnvironment())
		switch {
		case !found:
			return fault.Invalidf("account.environment", "There is no environment %q.", a.GetEnvironment())
		case a.GetRegion() != "" && a.GetRegion() != e.GetRegion():
			return fault.Invalidf("account.region", "The environment %s is in the region %s.", e.GetName(), e.GetRegion())
		}
		a.Region = e.GetRegion()
	}
	if _, found := Regions.Get(tx.View, a.GetRegion()); a.GetRegion() != "" && !found {
		return fault.Invalidf("account.region", "There is no region %q.", a.GetRegion())
	}
	return CheckResidence(tx.View, a)
}

// CheckResidence refuses jurisdictions that the account's region does not satisfy. An account without a region is yet to be placed by them.
// Updates are checked with it before they become commands: UPDATE_ACCOUNT is applied as logs of earlier releases have it, and its etag sees to it
// that the account has not been placed meanwhile.
func CheckResidence(v View, a *cpv1.Account) error {
	if region, found := Regions.Get(v, a.GetRegion()); found && !Resides(region, a.GetJurisdictions()) {
		return elsewhere(a)
	}
	return nil
}

func elsewhere(a *cpv1.Account) error {
	return fault.Invalidf("account.jurisdictions", "The region %s satisfies none of the account's jurisdictions.", a.GetRegion())
}

// Resides reports whether a region satisfies one of the jurisdictions that an account allows; none allow any.
func Resides(region *cpv1.Region, allowed []string) bool {
	return len(allowed) == 0 || slices.ContainsFunc(allowed, func(j string) bool { return slices.Contains(region.GetJurisdictions(), j) })
}

// checkHosts refuses host names that lead to another account.
func (tx *Tx) checkHosts(a *cpv1.Account) error {
	if len(a.GetHosts()) == 0 {
		return nil
	}
	others, _ := Accounts.List(tx.View, Page{})
	for _, o := range others {
		for _, h := range o.GetAccount().GetHosts() {
			if o.GetAccount().GetName() != a.GetName() && slices.Contains(a.GetHosts(), h) {
				return fault.New(fault.Exists, "The host name %s leads to another account.", h).At("account.hosts")
			}
		}
	}
	return nil
}

func updateAccount(tx *Tx, c *statev1.UpdateAccount) (proto.Message, error) {
	wanted := c.GetAccount()
	before, found := Accounts.Get(tx.View, wanted.GetName())
	if !found {
		return nil, notFound("account", wanted.GetName())
	}
	if err := checkEtag("account", wanted.GetName(), c.GetEtag(), before.GetAccount().GetEtag()); err != nil {
		return nil, err
	}
	record := proto.CloneOf(before)
	a := record.GetAccount()
	a.DisplayName, a.Jurisdictions, a.Quotas, a.Hosts = wanted.GetDisplayName(), wanted.GetJurisdictions(), wanted.GetQuotas(), wanted.GetHosts()
	if err := tx.checkHosts(a); err != nil {
		return nil, err
	}
	if err := tx.changeAccountState(record, wanted.GetState()); err != nil {
		return nil, err
	}
	stamp(tx, a, before.GetAccount())
	tx.touch("account", a.GetName())
	return &statev1.AccountCreated{Account: a}, Accounts.put(tx, record)
}

// changeAccountState goes between ACTIVE and SUSPENDED, and from anywhere to DELETING, which ends what still provisions the account.
func (tx *Tx) changeAccountState(record *statev1.AccountRecord, wanted cpv1.AccountState) error {
	a := record.GetAccount()
	if wanted == a.GetState() {
		return nil
	}
	switchable := []cpv1.AccountState{cpv1.AccountState_ACCOUNT_STATE_ACTIVE, cpv1.AccountState_ACCOUNT_STATE_SUSPENDED}
	deleting := wanted == cpv1.AccountState_ACCOUNT_STATE_DELETING
	if !deleting && !(slices.Contains(switchable, wanted) && slices.Contains(switchable, a.GetState())) {
		return fault.New(fault.Unprocessable, "The account %s cannot go from %s to %s.", a.GetName(), a.GetState(), wanted).At("account.state")
	}
	a.State = wanted
	if !deleting {
		return nil
	}
	record.Administrator = nil
	operations, _ := Operations.Group(tx.View, OfAccount(a.GetName()))
	for _, o := range operations {
		if o.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING {
			continue
		}
		o = proto.CloneOf(o)
		endOperation(tx, o, &cpv1.OperationError{Code: "ACCOUNT_DELETED", Detail: "The account was deleted."})
		if err := Operations.put(tx, o); err != nil {
			return err
		}
	}
	return nil
}
