package wire

import (
	"maps"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Relay gives an error that another process answered with to one's own caller: code, text and details stay. Connect would make it
// "internal" without a word. Other errors are returned as they are.
func Relay(err error) error {
	if !Answered(err) {
		return err
	}
	call, _ := Verdict(err)
	out := connect.NewError(call.Code(), call.Message()).WithCause(err)
	for _, detail := range call.Details() {
		out = out.WithDetail(detail)
	}
	return out
}

// Answered reports whether an error is what another process answered, not that it could not be asked.
func Answered(err error) bool {
	call, _ := Verdict(err)
	return call != nil && call.IsRemote()
}

// Verdict finds what an error says to callers: the outermost of the Connect errors and faults in its chain. At most one of the two is given:
// a fault that was caused by a call says itself, and not the call, what is to be said.
func Verdict(err error) (*connect.Error, *fault.Error) {
	switch e := err.(type) {
	case nil:
		return nil, nil
	case *connect.Error:
		return e, nil
	case *fault.Error:
		return nil, e
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return Verdict(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if call, f := Verdict(one); call != nil || f != nil {
				return call, f
			}
		}
	}
	return nil, nil
}

// FromFault is a fault on the wire: its kind's code, a text, and its facts as a detail. An empty text means the fault's own, with its place.
// supportID names the entry in this process's log; most faults have none.
func FromFault(f *fault.Error, text string, supportID ...string) *connect.Error {
	if text == "" {
		text = f.Detail
	}
	if f.Field != "" && !strings.HasPrefix(text, f.Field+": ") {
		text = f.Field + ": " + text
	}
	problem := &cpv1.Problem{Code: f.Code, Field: f.Field, Meta: f.Meta, SupportId: strings.Join(supportID, " ")}
	out := connect.NewError(codes[f.Kind], text).WithCause(f)
	if detail, err := connectproto.NewErrorDetail(problem); err == nil {
		out = out.WithDetail(detail)
	}
	return out
}

// ToFault is the fault that another process's answer stands for: FromFault the other way round.
func ToFault(call *connect.Error) *fault.Error {
	f := fault.New(kindOf(call.Code()), "%s", call.Message()).Wrap(call)
	problem := ProblemOf(call)
	if problem == nil {
		return f
	}
	f.Code, f.Field, f.Meta = problem.GetCode(), problem.GetField(), maps.Clone(problem.GetMeta())
	f.Detail = strings.TrimPrefix(f.Detail, f.Field+": ")
	if id := problem.GetSupportId(); id != "" {
		f = f.With("support_id", id)
	}
	return f
}

// ProblemOf is what an error says to programs; nil when it says nothing.
func ProblemOf(call *connect.Error) *cpv1.Problem {
	for _, detail := range call.Details() {
		message, err := connectproto.UnmarshalErrorDetail(detail)
		if problem, ok := message.(*cpv1.Problem); ok && err == nil {
			return problem
		}
	}
	return nil
}
