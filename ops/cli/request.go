package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// request is the idempotency key of a command that changes something: a call that is repeated because its answer was lost is done once. Who
// runs the command again, after its time was up, does so with --request-id.
type request struct {
	given string // by --request-id; empty: one is made
	used  string // by the command; empty: it changes nothing
}

// requestID is the key of this command's one change.
func (a *app) requestID() string {
	a.request.used = a.request.given
	if a.request.used == "" {
		a.request.used = rand.Text()
	}
	return a.request.used
}

// unused refuses a key that the command had no use for.
func (r request) unused() error {
	if r.given != "" && r.used == "" {
		return render.UsageError{Err: errors.New("--request-id: this command changes nothing, so there is nothing to repeat")}
	}
	return nil
}

// hint is a further line for an error after which nobody knows whether the change was made: how to find out without making it twice.
func (r request) hint(err error) string {
	if r.used == "" || !uncertain(err) {
		return ""
	}
	return fmt.Sprintf("\n  The change may have been made. Run the same command with --request-id %s: it is not made twice.", r.used)
}

// uncertain reports whether an error leaves open what became of a call.
func uncertain(err error) bool {
	var known progress.UnfinishedError
	if errors.As(err, &known) {
		return false // it was made, and goes on
	}
	var call *connect.Error
	if !errors.As(err, &call) {
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	}
	switch call.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled, connect.CodeUnknown, connect.CodeInternal:
		return true
	}
	return false
}
