// Package janitor removes what accounts need no longer: settled events, audit, sent webhooks, jobs and batches that are older than they are
// kept. It runs on the node that leases the first range of slots, so there is one in an environment; two for a moment, when the lease
// moves, do no harm. It deletes little at a time and rests in between: tenants' requests come first.
package janitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// Deps are the janitor's collaborators. All are required but Registerer.
type Deps struct {
	Store      Store
	Accounts   func() []tenancy.AccountID                                                                    // those of the environment
	Mine       func() bool                                                                                   // whether this node cleans at the moment
	Settings   func(ctx context.Context, scope tenancy.Scope, list ...setting.Reading) (setting.Held, error) // of an account
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: not counted
}

// Store removes.
type Store interface {
	Purge(ctx context.Context, account tenancy.AccountID, what retention.Kind, age time.Duration, limit int) (int, error)
}

// Config is how a janitor works. Zero values are replaced by the defaults in brackets.
type Config struct {
	Every time.Duration // between the beginnings of two rounds [10m]
	Rows  int           // that one statement removes at most [500]
	Rest  time.Duration // between two statements that removed something [100ms]
}

// Rule is how long something is kept: as long as the account's setting says.
type Rule struct {
	What  retention.Kind
	Keeps setting.Setting[time.Duration]
}

// The account settings of how long things are kept, ten years at most. Events can be searched 124 days back, so what they show is kept a little
// longer than that.
var (
	keepEvents    = keep("RETENTION_EVENT_DAYS", 130, "How long settled events and the audit of turns are kept; they can be searched 124 days back.")
	keepWebhooks  = keep("RETENTION_WEBHOOK_DAYS", 14, "How long webhooks that were sent or given up are kept.")
	keepBatchRows = keep("RETENTION_BATCH_RECORD_DAYS", 7, "How long the records of complete batches are kept: their results end with them.")
	keepJobs      = keep("RETENTION_JOB_DAYS", 90, "How long batches and jobs are kept.")
	keepSignIns   = keep("RETENTION_SIGN_IN_DAYS", 30, "How long counts of failed sign-ins are kept.")
	keepChanges   = keep("RETENTION_CHANGE_DAYS", 3, "How long the feed of changes is kept: who has not followed it for longer begins anew.")
)

func keep(name string, days int, doc string) setting.Setting[time.Duration] {
	return setting.Duration(setting.About{Name: name, From: setting.Account, Doc: doc}, setting.Days, setting.Range{Default: days, Least: 1, Most: 3650})
}

// Settings are those that the janitor reads.
func Settings() []*setting.Declaration {
	return setting.Declarations(keepEvents, keepWebhooks, keepBatchRows, keepJobs, keepSignIns, keepChanges)
}

// Rules lists how long things are kept.
func Rules() []Rule {
	return []Rule{
		{retention.Events, keepEvents}, {retention.Trails, keepEvents}, {retention.Deliveries, keepWebhooks},
		{retention.BatchRows, keepBatchRows}, {retention.Batches, keepJobs}, {retention.Jobs, keepJobs},
		{retention.SignIns, keepSignIns}, {retention.Changes, keepChanges},
	}
}

// Janitor is made by New.
type Janitor struct {
	d       Deps
	cfg     Config
	removed *prometheus.CounterVec
	failed  prometheus.Counter
	done    prometheus.Gauge
	failing bool // the last round failed: the next one says so only when it is over
}

// New makes a janitor that does nothing until Run.
func New(d Deps, cfg Config) *Janitor {
	if cfg.Every <= 0 {
		cfg.Every = 10 * time.Minute
	}
	if cfg.Rows <= 0 {
		cfg.Rows = 500
	}
	if cfg.Rest <= 0 {
		cfg.Rest = 100 * time.Millisecond
	}
	j := &Janitor{d: d, cfg: cfg,
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_janitor_rows_removed_total", Help: "Rows removed because of their age, by kind."}, []string{"kind"}),
		failed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "fluent_janitor_rounds_failed_total", Help: "Rounds that met an error."}),
		done:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "fluent_janitor_last_round_timestamp_seconds", Help: "When this node last ended a whole round."}),
	}
	for _, what := range retention.Kinds() {
		j.removed.WithLabelValues(string(what))
	}
	if d.Registerer != nil {
		d.Registerer.MustRegister(j.removed, j.failed, j.done)
	}
	return j
}

// Run cleans until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	for pause(ctx, j.cfg.Every) {
		if !j.d.Mine() {
			continue
		}
		err := j.Round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			j.failed.Inc()
			if !j.failing {
				j.d.Logger.WarnContext(ctx, "old rows could not be removed; will be tried again", "error", err)
			}
		case j.failing:
			j.d.Logger.InfoContext(ctx, "old rows are removed again")
		}
		j.failing = err != nil
	}
}

// Round removes all that is too old, account by account. One account's error does not keep the others' rows.
func (j *Janitor) Round(ctx context.Context) error {
	var problems []error
	for _, account := range j.d.Accounts() {
		if err := j.clean(ctx, account); err != nil {
			problems = append(problems, fmt.Errorf("account %s: %w", account, err))
		}
		if ctx.Err() != nil || !j.d.Mine() {
			return errors.Join(problems...)
		}
	}
	if err := j.purge(ctx, store.Nobody, retention.SignIns, keepSignIns.Default()); err != nil {
		problems = append(problems, fmt.Errorf("what belongs to no account: %w", err))
	}
	if len(problems) == 0 {
		j.done.SetToCurrentTime()
	}
	return errors.Join(problems...)
}

func (j *Janitor) clean(ctx context.Context, account tenancy.AccountID) error {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return err
	}
	held, err := j.d.Settings(ctx, scope, keepEvents, keepWebhooks, keepBatchRows, keepJobs, keepSignIns, keepChanges)
	if err != nil {
		return fmt.Errorf("read how long things are kept: %w", err)
	}
	var problems []error
	for _, r := range Rules() {
		age, err := r.Keeps.Get(held, setting.Place{})
		if err != nil { // all of it is kept until somebody says how long: nothing is lost by a typing error
			problems = append(problems, fmt.Errorf("%s are not removed: %w", r.What, err))
			continue
		}
		if err := j.purge(ctx, account, r.What, age); err != nil {
			return errors.Join(append(problems, err)...)
		}
	}
	return errors.Join(append(problems, j.purge(ctx, account, retention.Repeats, 0))...) // they say themselves how long they are kept
}

func (j *Janitor) purge(ctx context.Context, account tenancy.AccountID, what retention.Kind, age time.Duration) error {
	for j.d.Mine() {
		n, err := j.d.Store.Purge(ctx, account, what, age, j.cfg.Rows)
		j.removed.WithLabelValues(string(what)).Add(float64(n))
		if err != nil {
			return fmt.Errorf("remove old %s: %w", what, err)
		}
		if n < j.cfg.Rows || !pause(ctx, j.cfg.Rest) {
			break
		}
	}
	return ctx.Err()
}

// pause is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
