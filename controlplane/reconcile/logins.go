package reconcile

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/auth/guess"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Failures are the logins that failed at the leader.
type Failures interface {
	// Drain returns those since it was last called, at most so many, and how many there were besides.
	Drain(limit int) (list []guess.Failure, others int)
	// Restore puts back what could not be taken.
	Restore(list []guess.Failure, others int)
}

// Strangers make logins fail, and must not fill the log of commands, nor push what operators did out of the audit: one record at most in
// LoginsEvery, of so many usernames and sources. At that pace the audit's 50,000 records last for half a year of attack.
const (
	LoginsEvery  = 5 * time.Minute
	loginsListed = 20
)

// loginsSchema is the schema that knows of records about failed logins.
const loginsSchema = 4

// Logins writes failed logins into the audit, every so often; 0: LoginsEvery. What failed at a leader that ends is in its own log only.
func Logins(every time.Duration) func(context.Context, Deps) error {
	if every <= 0 {
		every = LoginsEvery
	}
	return func(ctx context.Context, d Deps) error {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if err := d.noteLogins(ctx); err != nil && ctx.Err() == nil {
				d.Logger.WarnContext(ctx, "failed logins are not in the audit yet", "error", err)
			}
		}
	}
}

func (d Deps) noteLogins(ctx context.Context) error {
	if d.Store.View().Cluster().GetSchemaFloor() < loginsSchema {
		return nil // they wait, as many as are remembered, until the upgrade is finalised
	}
	list, others := d.Failures.Drain(loginsListed)
	if len(list) == 0 && others == 0 {
		return nil
	}
	body := &statev1.NoteFailedLogins{Others: int64(others)}
	for _, f := range list {
		body.Failures = append(body.Failures, &statev1.FailedLogin{Username: f.User, Source: f.Source, Times: int64(f.Times)})
	}
	err := d.Commit(ctx, "logins", body)
	if err != nil {
		d.Failures.Restore(list, others)
	}
	return err
}
