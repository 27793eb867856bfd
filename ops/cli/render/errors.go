package render

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	validatepb "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Exit codes of the command line. Scripts may branch on them.
const (
	ExitOK              = 0
	ExitFailure         = 1   // anything without a code of its own
	ExitUsage           = 2   // the command line or the request is wrong
	ExitUnauthenticated = 3   // log in first
	ExitForbidden       = 4   // the operator may not
	ExitNotFound        = 5   // there is no such thing
	ExitConflict        = 6   // it exists, or it changed meanwhile, or its state forbids it
	ExitUnavailable     = 7   // no server can answer now
	ExitInterrupted     = 130 // interrupted by the user
)

// UsageError is a wrong command line.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

func (e UsageError) Unwrap() error { return e.Err }

// RefusedError is a login that was refused.
type RefusedError struct{ Text string }

func (e RefusedError) Error() string { return e.Text }

// ExitCode is the exit code for an error.
func ExitCode(err error) int {
	var usage UsageError
	var refused RefusedError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &refused):
		return ExitUnauthenticated
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument, connect.CodeOutOfRange:
		return ExitUsage
	case connect.CodeUnauthenticated:
		return ExitUnauthenticated
	case connect.CodePermissionDenied:
		return ExitForbidden
	case connect.CodeNotFound:
		return ExitNotFound
	case connect.CodeAlreadyExists, connect.CodeAborted, connect.CodeFailedPrecondition:
		return ExitConflict
	case connect.CodeUnavailable:
		return ExitUnavailable
	case connect.CodeCanceled:
		return ExitInterrupted
	}
	return ExitFailure
}

// Error is an error in one line, followed by a line for each field that the server found wrong.
func Error(err error) string {
	var call *connect.Error
	if !errors.As(err, &call) {
		var f *fault.Error
		if errors.As(err, &f) && f.Kind != fault.Internal {
			return oneLine(f.Error())
		}
		return oneLine(err.Error())
	}
	first := message(call)
	fields, facts := details(call)
	if len(fields) > 0 && call.Code() == connect.CodeInvalidArgument {
		first = "The request is not valid:"
	}
	return strings.Join(append(append([]string{first}, fields...), facts...), "\n  ")
}

func message(call *connect.Error) string {
	text := oneLine(call.Message())
	switch call.Code() {
	case connect.CodeUnauthenticated:
		return join(text, "Run: fluent login")
	case connect.CodeUnavailable:
		return join("No control-plane server can answer now.", text)
	case connect.CodeInternal, connect.CodeUnknown:
		return join("The server failed.", text)
	case connect.CodeDeadlineExceeded:
		if !call.IsRemote() {
			return "No server answered in the time of --timeout."
		}
		return join("The call took too long.", text)
	}
	if text == "" {
		return "The server answered " + call.Code().String() + "."
	}
	return text
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }

// details lists "place: what is wrong" for each field that the error's details name, and "name: value" for each fact.
func details(call *connect.Error) (fields, facts []string) {
	for _, detail := range call.Details() {
		m, err := connectproto.UnmarshalErrorDetail(detail)
		if err != nil {
			continue // a detail of a newer server
		}
		switch d := m.(type) {
		case *validatepb.Violations:
			for _, v := range d.GetViolations() {
				fields = append(fields, fmt.Sprintf("%s: %s", protovalidate.FieldPathString(v.GetField()), inWords(v.GetMessage())))
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, fmt.Sprintf("%s: %s", v.GetField(), v.GetDescription()))
			}
		case *cpv1.Problem:
			facts = append(facts, pairs(d.GetMeta())...)
		}
	}
	return fields, facts
}

// Reason is the fact "reason" of an error that a server sent; empty if there is none.
func Reason(err error) string {
	var call *connect.Error
	if !errors.As(err, &call) {
		return ""
	}
	for _, detail := range call.Details() {
		if m, err := connectproto.UnmarshalErrorDetail(detail); err == nil {
			if problem, ok := m.(*cpv1.Problem); ok && problem.GetMeta()["reason"] != "" {
				return problem.GetMeta()["reason"]
			}
		}
	}
	return ""
}

func pairs(meta map[string]string) []string {
	var lines []string
	for k, v := range meta {
		lines = append(lines, fmt.Sprintf("%s: %s", k, v))
	}
	sort.Strings(lines)
	return lines
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
