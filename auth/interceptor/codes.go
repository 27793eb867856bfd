package interceptor

import (
	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/domain/fault"
)

// codes is the one table from kinds of faults to Connect codes.
var codes = map[fault.Kind]connect.Code{
	fault.Internal:        connect.CodeInternal,
	fault.Invalid:         connect.CodeInvalidArgument,
	fault.Unauthenticated: connect.CodeUnauthenticated,
	fault.Forbidden:       connect.CodePermissionDenied,
	fault.NotFound:        connect.CodeNotFound,
	fault.Exists:          connect.CodeAlreadyExists,
	fault.Conflict:        connect.CodeAborted,
	fault.TooLarge:        connect.CodeResourceExhausted,
	fault.Unprocessable:   connect.CodeFailedPrecondition,
	fault.Limited:         connect.CodeResourceExhausted,
	fault.Unavailable:     connect.CodeUnavailable,
}

// CodeOf is the Connect code that a kind of fault gets, from the control plane and from nodes alike.
func CodeOf(kind fault.Kind) connect.Code { return codes[kind] }
