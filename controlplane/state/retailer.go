package state

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Retailers are the retailers of all accounts, by RetailerKey.
var Retailers = Table[*cpv1.Retailer]{name: "retailers", key: func(r *cpv1.Retailer) string { return RetailerKey(r.GetAccount(), r.GetNumber()) }}

// RetailerKey is the key of a retailer and of its activation. Keys sort by number.
func RetailerKey(account string, number int32) string {
	return fmt.Sprintf("%s/%010d", account, number)
}

// retailerCommands are about retailers, and end the steps that make one.
var retailerCommands = []command{
	{statev1.Kind_KIND_CREATE_RETAILER, 1, handle(createRetailer)},
	{statev1.Kind_KIND_UPDATE_RETAILER, 1, handle(updateRetailer)},
	{statev1.Kind_KIND_RETAILER_PREPARED, 1, handle(retailerPrepared, retailerPreparedNeeds)},
	{statev1.Kind_KIND_ACTIVATE_WORKFLOWS, 1, handle(activateWorkflows)},
}

// createRetailer gives out the account's next number and starts the operation that prepares the retailer.
func createRetailer(tx *Tx, c *statev1.CreateRetailer) (proto.Message, error) {
	retailer := c.GetRetailer()
	before, found := Accounts.Get(tx.View, retailer.GetAccount())
	if !found {
		return nil, notFound("account", retailer.GetAccount())
	}
	account := before.GetAccount()
	if account.GetState() != cpv1.AccountState_ACCOUNT_STATE_ACTIVE {
		return nil, fault.New(fault.Unprocessable, "The account %s is %s; retailers can be made when it is active.", account.GetName(), account.GetState())
	}
	record := proto.CloneOf(before)
	record.LastRetailer++
	operation := newOperation(tx, retailerCreation, account.GetName())
	operation.Retailer, operation.Environment = record.GetLastRetailer(), account.GetEnvironment()
	if err := tx.addRetailer(retailer, account.GetName(), record.GetLastRetailer(), operation.GetId()); err != nil {
		return nil, err
	}
	if err := Accounts.put(tx, record); err != nil {
		return nil, err
	}
	tx.touch("retailer", RetailerKey(account.GetName(), retailer.GetNumber()))
	return &statev1.RetailerCreated{Retailer: retailer, Operation: operation}, Operations.put(tx, operation)
}

// addRetailer stores a new retailer; its ref must be free within the account.
func (tx *Tx) addRetailer(r *cpv1.Retailer, account string, number int32, operation string) error {
	others, _ := Retailers.List(tx.View, Page{Prefix: account + "/"})
	for _, o := range others {
		if o.GetRef() == r.GetRef() {
			return exists("retailer", r.GetRef())
		}
	}
	r.Account, r.Number, r.Operation = account, number, operation
	r.State, r.Version = cpv1.RetailerState_RETAILER_STATE_PROVISIONING, ""
	stamp(tx, r, nil)
	return Retailers.put(tx, r)
}

func updateRetailer(tx *Tx, c *statev1.UpdateRetailer) (proto.Message, error) {
	wanted := c.GetRetailer()
	key := RetailerKey(wanted.GetAccount(), wanted.GetNumber())
	before, found := Retailers.Get(tx.View, key)
	if !found {
		return nil, notFound("retailer", key)
	}
	if err := checkEtag("retailer", key, c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	r := proto.CloneOf(before)
	r.TradingName, r.TimeZone, r.Currency = wanted.GetTradingName(), wanted.GetTimeZone(), wanted.GetCurrency()
	stamp(tx, r, before)
	tx.touch("retailer", key)
	return r, Retailers.put(tx, r)
}
