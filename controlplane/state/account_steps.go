package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The steps of the making of an account that are its own.
const (
	StepPlace          = "place"
	StepPrepareAccount = "prepare_account"
	StepOpenClient     = "open_client"
)

// accountCreation makes an account with its first retailer.
var accountCreation = OperationKind{Name: "account.create", Steps: []OperationStep{
	{Name: StepPlace, Title: "Choose an environment", End: choosePlace},
	{Name: StepPrepareAccount, Title: "Prepare the account's rows", Ask: askForAccount,
		End: func(_ View, o *cpv1.Operation, _ proto.Message) (proto.Message, *Blocker) {
			return &statev1.AccountPrepared{Operation: o.GetId()}, nil
		}},
	retailerStep("Create the first retailer"),
	workflowsStep,
	{Name: StepOpenClient, Title: "Open the API client", alone: (*Tx).openClients,
		End: func(_ View, o *cpv1.Operation, _ proto.Message) (proto.Message, *Blocker) {
			return &statev1.OpenClient{Operation: o.GetId()}, nil
		}},
	readyStep,
}}

// choosePlace puts an account into the environment that was asked for, or chooses one. Accounts come here for which there was none when they were made.
func choosePlace(v View, o *cpv1.Operation, _ proto.Message) (proto.Message, *Blocker) {
	record, _ := Accounts.Get(v, o.GetAccount())
	chosen := ChooseEnvironment(v, record.GetAccount())
	if chosen == "" {
		_, nodes := Nodes.All(v)
		return nil, &Blocker{
			Reason: "NO_ENVIRONMENT", Resource: "account/" + o.GetAccount(), Wake: nodes,
			Detail: "No shared environment with a ready node is where the account may be.",
		}
	}
	return &statev1.PlaceAccount{Operation: o.GetId(), Environment: chosen}, nil
}

func askForAccount(v View, o *cpv1.Operation) (proto.Message, error) {
	record, found := Accounts.Get(v, o.GetAccount())
	if !found {
		return nil, fault.New(fault.Conflict, "The account %s is gone.", o.GetAccount())
	}
	admin := record.GetAdministrator()
	return &nodev1.PrepareAccountRequest{
		Account: o.GetAccount(), AdminUsername: admin.GetUsername(), AdminPasswordHash: []byte(admin.GetPasswordHash()), AdminEmail: admin.GetEmail(),
		ApiUsername: "api@" + o.GetAccount(), ApiRoles: FirstRoles(record),
	}, nil
}

// The commands here each end one step of the making of an account together with what the step brings about, so that there is no moment at which one
// is done and the other is not.

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
