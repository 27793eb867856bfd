package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// sharedEnvironment is the environment of a local installation.
const sharedEnvironment = "shared"

// makeAccounts makes accounts one after another, and takes the time from the call until a token can be had and GraphQL answers.
func (w *world) makeAccounts(ctx context.Context) error {
	operator, err := w.operator(ctx)
	if err != nil {
		return err
	}
	accounts := controlplanev1connect.NewAccountServiceClient(operator)
	run := time.Now().Unix()
	result, err := load.Run(ctx, load.Plan{Clients: 1, Count: w.config.accounts}, func(ctx context.Context, _, i int) error {
		name := fmt.Sprintf("BENCH%d-%d", run, i)
		made, err := accounts.CreateAccount(ctx, &cpv1.CreateAccountRequest{
			Account: &cpv1.Account{Name: name, DisplayName: name, Environment: sharedEnvironment},
		})
		if err != nil {
			return fmt.Errorf("create account %s: %w", name, err)
		}
		return w.awaitAccount(ctx, made.GetCredentials())
	})
	if err != nil {
		return err
	}
	w.report.Latency("accounts", "from the call to GraphQL", result, load.Result{})
	return nil
}

// operator is a client of the control plane that is logged in.
func (w *world) operator(ctx context.Context) (*connect.Client, error) {
	transport := remote.NewTransport(remote.HTTPClient(), w.stack.Ready.ControlPlane)
	operator := w.stack.Ready.Operator
	session, err := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport)).
		Login(ctx, &cpv1.LoginRequest{Username: operator.Username, Password: operator.Password})
	if err != nil {
		return nil, fmt.Errorf("log in as %s: %w", operator.Username, err)
	}
	bearer := func(context.Context) (string, error) { return session.GetAccessToken(), nil }
	return connect.NewClient(transport, interceptor.Bearer(bearer)), nil
}

func (w *world) awaitAccount(ctx context.Context, c *cpv1.AccountCredentials) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client := apiclient.New(w.stack.Ready.Gateway, apiclient.Credentials{
		ClientID: c.GetClientId(), ClientSecret: c.GetClientSecret(), Username: c.GetUsername(), Password: c.GetPassword(),
	})
	for {
		err := client.GraphQL(ctx, `{ retailers(first: 1) { edges { node { id } } } }`, nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for account %s: %w", c.GetClientId(), ctx.Err()), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
