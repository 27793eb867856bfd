// Package story tells the main job of Fluent on a running platform, a line for each step: an operator provisions a tenant, the
// tenant's implementer loads places, products and stock, a shopper orders, a workflow books, reserves and plans the fulfilments, and
// the event log shows what happened. It uses public interfaces only. `make demo` prints it.
package story

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// Platform is where the story takes place.
type Platform struct {
	ControlPlane       []string // base URLs
	Gateway            string
	Username, Password string // of an operator
	Stays              bool   // it goes on running when the story is told
}

// Teller is one telling. Its fields fill as it goes; Order and Fulfilments are what came of it.
type Teller struct {
	Platform Platform
	Account  string // name of the account that the story makes
	Out      io.Writer
	Detail   bool // the trace shows all that the event log knows

	Order       Order
	Fulfilments []Fulfilment

	token      string
	connection *connect.Client
	client     *apiclient.Client

	credentials apiclient.Credentials // of the account

	retailer string
}

// Order is the shopper's order as the API shows it.
type Order struct {
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	Status string `json:"status"`
}

// Fulfilment is one parcel's work at one place.
type Fulfilment struct {
	Ref          string `json:"ref"`
	Type         string `json:"type"`
	Status       string `json:"status"`
	FromLocation struct {
		Ref string `json:"ref"`
	} `json:"fromLocation"`
	Items struct {
		Edges []struct {
			Node struct {
				RequestedQuantity int `json:"requestedQuantity"`
				OrderItem         struct {
					Product struct {
						Ref string `json:"ref"`
					} `json:"product"`
				} `json:"orderItem"`
			} `json:"node"`
		} `json:"edges"`
	} `json:"items"`
}

// Tell runs all steps; each prints a line with the time it took.
func (t *Teller) Tell(ctx context.Context) error {
	for _, step := range []struct {
		who string
		run func(context.Context) (string, error)
	}{
		{"operator", t.signIn},
		{"operator", t.provision},
		{"implementer", t.enter},
		{"implementer", t.places},
		{"implementer", t.products},
		{"implementer", t.stock},
		{"storefront", t.browse},
		{"storefront", t.order},
		{"workflow", t.fulfil},
		{"storefront", t.browse},
	} {
		start := time.Now()
		line, err := step.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", step.who, err)
		}
		line = strings.ReplaceAll(line, "\n", "\n"+strings.Repeat(" ", 24)) // below the first line's text
		fmt.Fprintf(t.Out, "%7.3f s  %-12s %s\n", time.Since(start).Seconds(), step.who, line)
	}
	fmt.Fprintf(t.Out, "\nThe trace of order %s:\n\n", t.Order.Ref)
	if err := t.trace(ctx); err != nil {
		return err
	}
	if t.Platform.Stays {
		c := t.credentials
		fmt.Fprintf(t.Out, "\nThe order stays in account %s:\n  API client  %s / %s\n  user        %s / %s\n", t.Account, c.ClientID, c.ClientSecret, c.Username, c.Password)
	}
	return nil
}

func (t *Teller) signIn(ctx context.Context) (string, error) {
	transport := remote.NewTransport(remote.HTTPClient(), t.Platform.ControlPlane)
	auth := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport))
	answer, err := auth.Login(ctx, &cpv1.LoginRequest{Username: t.Platform.Username, Password: t.Platform.Password})
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	t.token = answer.GetAccessToken()
	t.connection = connect.NewClient(transport, interceptor.Bearer(func(context.Context) (string, error) { return t.token, nil }))
	return fmt.Sprintf("%s signs in at the control plane (%d servers)", t.Platform.Username, len(t.Platform.ControlPlane)), nil
}

// provision makes the account and follows its operation to the end.
func (t *Teller) provision(ctx context.Context) (string, error) {
	answer, err := controlplanev1connect.NewAccountServiceClient(t.connection).CreateAccount(ctx, &cpv1.CreateAccountRequest{
		Account:       &cpv1.Account{Name: t.Account, DisplayName: "Harbour Books"},
		FirstRetailer: &cpv1.Retailer{Ref: "HARBOUR", TradingName: "Harbour Books", TimeZone: "Australia/Sydney", Currency: "AUD"},
	})
	if err != nil {
		return "", fmt.Errorf("create account %s: %w", t.Account, err)
	}
	operations := controlplanev1connect.NewOperationServiceClient(t.connection)
	done, err := progress.Follow(ctx, operations, answer.GetOperation().GetId(), progress.Silent{})
	if err != nil {
		return "", fmt.Errorf("provision account %s: %w", t.Account, err)
	}
	c := answer.GetCredentials()
	t.credentials = apiclient.Credentials{
		ClientID: c.GetClientId(), ClientSecret: c.GetClientSecret(), Username: c.GetUsername(), Password: c.GetPassword(),
	}
	t.client = apiclient.New(t.Platform.Gateway, t.credentials)
	var steps []string
	for _, s := range done.GetSteps() {
		steps = append(steps, lowerFirst(s.GetTitle()))
	}
	return fmt.Sprintf("account %s is provisioned:\n%s", t.Account, strings.Join(steps, ",\n")), nil
}

func (t *Teller) enter(ctx context.Context) (string, error) {
	var found struct {
		Retailers struct {
			Edges []struct{ Node struct{ ID, Ref string } }
		}
	}
	if err := t.client.GraphQL(ctx, `{ retailers { edges { node { id ref } } } }`, nil, &found); err != nil {
		return "", err
	}
	if len(found.Retailers.Edges) != 1 {
		return "", fmt.Errorf("the account has %d retailers, want 1", len(found.Retailers.Edges))
	}
	t.retailer = found.Retailers.Edges[0].Node.ID
	return fmt.Sprintf("gets a token and finds retailer %s (%s)", found.Retailers.Edges[0].Node.Ref, t.retailer), nil
}

// lowerFirst begins a title as it stands within a sentence; names in it stay as they are.
func lowerFirst(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToLower(title[:1]) + title[1:]
}
