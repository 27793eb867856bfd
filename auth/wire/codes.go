package wire

import (
	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/domain/fault"
)

// codes is the one table from kinds of faults to Connect codes, and back, for the control plane and nodes alike.
var codes = map[fault.Kind]connect.Code{
	fault.Internal:        connect.CodeInternal,
	fault.Invalid:         connect.CodeInvalidArgument,
	fault.Unauthenticated: connect.CodeUnauthenticated,
	fault.Forbidden:       connect.CodePermissionDenied,
	fault.NotFound:        connect.CodeNotFound,
	fault.Exists:          connect.CodeAlreadyExists,
	fault.Conflict:        connect.CodeAborted,
	fault.TooLarge:        connect.CodeOutOfRange, // resource_exhausted is 429 over HTTP, which asks for a repeat
	fault.Unprocessable:   connect.CodeFailedPrecondition,
	fault.Limited:         connect.CodeResourceExhausted,
	fault.Unavailable:     connect.CodeUnavailable,
	fault.Expired:         connect.CodeDeadlineExceeded,
}

// kindOf is the kind of fault that a code stands for; Internal for codes that none has.
func kindOf(code connect.Code) fault.Kind {
	for kind, c := range codes {
		if c == code {
			return kind
		}
	}
	return fault.Internal
}
