package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/bench/rawsql"
	"github.com/fluent-oms/fluent/ops/bench/report"
	"github.com/fluent-oms/fluent/ops/embedded"
	"github.com/fluent-oms/fluent/ops/stack"
)

// world is a database that flushes to disk, a stack on it with the demo account, and raw SQL connections beside it.
type world struct {
	config   *config
	report   *report.Report
	database *embedded.Server
	stack    *stack.Stack
	lab      *rawsql.Lab
	client   *apiclient.Client

	orderIDs []string // of placed orders
}

// start brings everything up and takes the time of the first start.
func (w *world) start(ctx context.Context) error {
	engine, err := embedded.FindKind(embedded.Postgres)
	if err != nil {
		return err
	}
	say("starting %s in %s", engine, w.config.dir)
	w.database, err = embedded.Start(ctx, embedded.Config{Engine: engine, Dir: filepath.Join(w.config.dir, "db"), Settings: w.config.statementSettings()})
	if err != nil {
		return err
	}
	if err := w.database.CreateDatabase(ctx, "fluent"); err != nil {
		return err
	}
	say("starting the stack, with demo data")
	took, err := w.startStack(ctx)
	if err != nil {
		return err
	}
	if w.config.wants("start") {
		w.report.Time("start", "first, with demo data", took)
	}
	w.client = w.stack.Client()
	w.lab, err = rawsql.Open(ctx, w.database.DSN("fluent"), w.stack.Ready.Demo.Account, w.config.clients)
	return err
}

func (w *world) startStack(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	args := []string{"--nodes", fmt.Sprint(w.config.nodes)}
	var err error
	w.stack, err = stack.Start(ctx, stack.Options{
		Binary: w.config.binary, Dir: filepath.Join(w.config.dir, "up"), Database: w.database.DSN("fluent"), Args: args, Patience: 3 * time.Minute,
	})
	return time.Since(began), err
}

// startAgain stops the stack and takes the time of the second start.
func (w *world) startAgain(ctx context.Context) error {
	running := w.stack
	w.stack = nil
	if err := running.Stop(); err != nil {
		return err
	}
	took, err := w.startStack(ctx)
	if err != nil {
		return err
	}
	w.report.Time("start", "second", took)
	w.client = w.stack.Client()
	return nil
}

func (w *world) stop(ctx context.Context) error {
	var problems []error
	if w.lab != nil {
		problems = append(problems, w.lab.Close(ctx))
	}
	if w.stack != nil {
		problems = append(problems, w.stack.Stop())
	}
	if w.database != nil {
		w.database.Stop()
	}
	return errors.Join(problems...)
}

func (w *world) retailer() string { return w.stack.Ready.Demo.RetailerID }
