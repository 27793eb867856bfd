package local

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/demo"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// prepareDemo makes the demo account and its data, or what an earlier run that was stopped has left to do.
func (i *Installation) prepareDemo(ctx context.Context, cp *controlPlane) error {
	if err := i.prepareDemoAccount(ctx, cp); err != nil {
		return err
	}
	d := &i.state.Demo
	if d.Data == dataLoaded {
		return nil
	}
	i.say("loading demo data")
	client := apiclient.New("http://"+i.state.Gateway, apiclient.Credentials{
		ClientID: d.ClientID, ClientSecret: d.ClientSecret, Username: d.Username, Password: d.Password,
	})
	script := demo.Script{Client: client, RetailerID: d.RetailerID, Log: i.log, Step: func(what string, count int, took time.Duration) {
		i.say("demo: %d %s in %.1f s", count, what, took.Seconds())
	}}
	if err := script.Load(ctx); err != nil {
		return err
	}
	d.Data = dataLoaded
	return i.state.save()
}

// prepareDemoAccount makes the account with secrets that were chosen, and kept, before: a run that dies in the middle loses none.
func (i *Installation) prepareDemoAccount(ctx context.Context, cp *controlPlane) error {
	d := i.state.Demo
	accounts := controlplanev1connect.NewAccountServiceClient(cp.client)
	_, err := accounts.CreateAccount(ctx, &cpv1.CreateAccountRequest{
		Account: &cpv1.Account{
			Name: d.Account, DisplayName: "Demo", Environment: environmentName,
			Quotas: map[string]int64{limit.Rate.Name: limit.Rate.Most}, // benches and load come in by it: only the machine limits them
		},
		Administrator: &cpv1.Administrator{Username: d.Username, Password: d.Password, Email: "demo@example.com"},
		ClientSecret:  d.ClientSecret,
		FirstRetailer: &cpv1.Retailer{Ref: "DEMO", TradingName: "Ridgeline Outdoors", TimeZone: "Australia/Sydney", Currency: "AUD"},
	})
	if err != nil && connect.CodeOf(err) != connect.CodeAlreadyExists {
		return fmt.Errorf("create the demo account: %w", err)
	}
	began := time.Now()
	answer, err := accounts.GetAccount(ctx, &cpv1.GetAccountRequest{Name: d.Account})
	if err != nil {
		return fmt.Errorf("read the demo account: %w", err)
	}
	if answer.GetAccount().GetState() == cpv1.AccountState_ACCOUNT_STATE_PROVISIONING {
		operations := controlplanev1connect.NewOperationServiceClient(cp.client)
		if _, err := progress.Follow(ctx, operations, answer.GetAccount().GetOperation(), progress.Silent{}); err != nil {
			return fmt.Errorf("provision the demo account: %w", err)
		}
		i.say("account %s provisioned in %d ms", d.Account, time.Since(began).Milliseconds())
	}
	return nil
}
