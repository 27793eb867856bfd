package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/ops/bench/load"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// provisioning is the bench of orders beside new accounts. It takes minutes, so "all" leaves it out.
const provisioning = "provisioning"

// The shape of the bench: its rate is half of what the platform takes, in pairs without and with new accounts.
const (
	saturated   = 15 * time.Second // how long the highest rate is looked for
	pairs       = 5
	newAccounts = 200
	breath      = 3 * time.Second // between two halves
	longest     = 8 * time.Minute // for the accounts of a pair
	longestWait = 5 * time.Minute // of one call, as the API allows
)

// pair is createOrder without and with accounts that are being made, for the same time each: what comes every minute or so, as a database's
// housekeeping does, is then in both halves.
type pair struct {
	without, with load.Result
	made          time.Duration // until all accounts could be used
}

func (p pair) ratio() float64 {
	return float64(p.with.Quantile(0.99)) / float64(p.without.Quantile(0.99))
}

// provisionBesideOrders places orders at half of the saturated rate, alone and while 200 accounts are made at once, five times, and
// compares the 99th percentiles.
func (w *world) provisionBesideOrders(ctx context.Context) error {
	p, err := w.newPlacement(ctx)
	if err != nil {
		return err
	}
	if err := w.warmUp(ctx, p); err != nil {
		return err
	}
	if err := w.lab.Analyse(ctx); err != nil { // a database of a minute's age plans badly, and then this bench compares with that
		return err
	}
	next := offset(1000)
	top, err := load.Run(ctx, load.Plan{Clients: w.config.clients, Duration: saturated}, p.placing(next))
	if err != nil {
		return err
	}
	every := time.Duration(float64(2*time.Second) / top.PerSecond())
	say("%.0f orders a second at most; an order every %v in each half of %d pairs", top.PerSecond(), every.Round(time.Microsecond), pairs)
	place := func(ctx context.Context, d time.Duration) (load.Result, error) {
		return load.Run(ctx, load.Plan{Clients: openClients, Duration: d, Every: every}, p.placing(next))
	}
	var all []pair
	for n := range pairs {
		var last time.Duration
		if n > 0 {
			last = all[n-1].made
		}
		one, err := w.besideAccounts(ctx, place, n, last)
		if err != nil {
			return err
		}
		say("pair %d: createOrder p99 %v alone, %v while %d accounts were made in %v: ratio %.2f", n+1, one.without.Quantile(0.99).Round(time.Millisecond),
			one.with.Quantile(0.99).Round(time.Millisecond), newAccounts, one.made.Round(100*time.Millisecond), one.ratio())
		all = append(all, one)
	}
	w.reportPairs(top, all)
	return nil
}

// offset counts orders over several runs, so that no reference comes twice.
func offset(from int) func() int {
	var mu sync.Mutex
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		from++
		return from
	}
}

func (p *placement) placing(next func() int) load.Operation {
	return func(ctx context.Context, _, _ int) error {
		_, err := p.place(ctx, next())
		return err
	}
}

// openClients is how many orders may be under way when they come at their own pace.
const openClients = 128

// besideAccounts measures the n-th pair. Halves change places from pair to pair, so that a growing database slows neither of them; where the half
// without accounts comes first, it takes as long as the accounts of the last pair did.
func (w *world) besideAccounts(ctx context.Context, place func(context.Context, time.Duration) (load.Result, error), n int, last time.Duration) (one pair, err error) {
	alone := func(d time.Duration) error {
		defer time.Sleep(breath)
		one.without, err = place(ctx, d)
		return err
	}
	if n%2 == 1 {
		if err := alone(last); err != nil {
			return one, err
		}
	}
	if one.with, one.made, err = w.whileAccountsAreMade(ctx, place, n); err != nil {
		return one, err
	}
	time.Sleep(breath)
	if n%2 == 0 {
		err = alone(one.made)
	}
	return one, err
}

func (w *world) whileAccountsAreMade(ctx context.Context, place func(context.Context, time.Duration) (load.Result, error), n int) (with load.Result, took time.Duration, err error) {
	made := make(chan error, 1)
	began := time.Now()
	orders, enough := context.WithCancel(ctx)
	defer enough()
	go func() {
		err := w.makeMany(ctx, fmt.Sprintf("P%d-%d", began.Unix(), n))
		took = time.Since(began)
		made <- err
		enough()
	}()
	with, err = place(orders, longest)
	if ctx.Err() == nil && orders.Err() != nil {
		err = nil // the end of the half, not of the bench
	}
	err = errors.Join(err, <-made)
	return with, took, err
}

// makeMany makes the accounts at once and waits until the last one can be used.
func (w *world) makeMany(ctx context.Context, run string) error {
	operator, err := w.operator(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	accounts, operations := controlplanev1connect.NewAccountServiceClient(operator), controlplanev1connect.NewOperationServiceClient(operator)
	_, err = load.Run(ctx, load.Plan{Clients: newAccounts, Count: newAccounts}, func(ctx context.Context, _, i int) error {
		name := fmt.Sprintf("%s-%d", run, i)
		made, err := accounts.CreateAccount(ctx, &cpv1.CreateAccountRequest{
			RequestId: name, Account: &cpv1.Account{Name: name, DisplayName: name, Environment: sharedEnvironment},
		})
		if err != nil {
			return fmt.Errorf("create account %s: %w", name, err)
		}
		if err := waitForAccount(ctx, operations, made.GetOperation().GetId()); err != nil {
			return fmt.Errorf("wait for account %s: %w", name, err)
		}
		return nil
	})
	return err
}

// waitForAccount waits for an operation to succeed, which may take longer than one call may wait.
func waitForAccount(ctx context.Context, operations controlplanev1connect.OperationServiceClient, id string) error {
	for {
		answer, err := operations.WaitOperation(ctx, &cpv1.WaitOperationRequest{Id: id, Timeout: durationpb.New(longestWait)})
		if err != nil {
			return err
		}
		switch o := answer.GetOperation(); {
		case o.GetState() == cpv1.OperationState_OPERATION_STATE_DONE:
			return nil
		case o.GetEndTime() != nil:
			return fmt.Errorf("its operation is %s: %s", o.GetState(), o.GetError().GetDetail())
		}
	}
}

func (w *world) reportPairs(top load.Result, all []pair) {
	w.report.Rate(provisioning, "createOrder, saturated", top.PerSecond(), 0)
	median := func(of func(pair) float64) float64 {
		values := make([]float64, len(all))
		for i, p := range all {
			values[i] = of(p)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for i, p := range all {
		w.report.Add(provisioning, fmt.Sprintf("pair %d: p99 with / without", i+1), "×", p.ratio())
	}
	alone := median(func(p pair) float64 { return milliseconds(p.without.Quantile(0.99)) })
	beside := median(func(p pair) float64 { return milliseconds(p.with.Quantile(0.99)) })
	w.report.Add(provisioning, "createOrder p99 at half the rate, median", "ms", alone)
	w.report.Add(provisioning, fmt.Sprintf("createOrder p99 while %d accounts are made, median", newAccounts), "ms", beside)
	w.report.Add(provisioning, "median of the pairs' ratios (to be 1.3 at most)", "×", median(pair.ratio))
	w.report.Add(provisioning, "ratio of the medians", "×", beside/alone)
	w.report.Add(provisioning, fmt.Sprintf("%d accounts usable, median", newAccounts), "s", median(func(p pair) float64 { return p.made.Seconds() }))
}
