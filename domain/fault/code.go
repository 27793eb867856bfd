package fault

// The platform codes: what clients of the reference platform read of an error, in GraphQL and REST alike. A code says what to do: those with C
// want the request mended, of those with S the same request may succeed later. This is the one place that spells them.
const (
	CodeTooMuch     = "C0001E" // the query is too complex, or its answer too long
	CodeLimited     = "C0011E" // a limit of the account was reached: of requests a second, or of what it keeps
	CodeForbidden   = "C0020E" // a permission is missing, which the message names
	CodeDate        = "C0100E" // not a time
	CodeDateRange   = "C0101E" // a filter by date with neither end
	CodeNotFound    = "C0120E" // what is named is not there
	CodeOrderExists = "C0121E" // the order's ref is taken
	CodeNumber      = "C0122E" // a number out of its bounds
	CodeExists      = "C0123E" // a unique key is taken
	CodeMissing     = "C0140E" // a value is required
	CodeTooLong     = "C0141E" // a value is too long
	CodeInvalid     = "C0160E" // any other thing that is wrong with a value
	CodeUnserved    = "S0001E" // this server does not offer that
	CodeRetry       = "S0002E" // not now: try again
	CodeInternal    = "S0020E" // our fault
	CodeToken       = "S0040E" // no valid token
)

// codes are those of faults that name none.
var codes = map[Kind]string{
	Internal: CodeInternal, Invalid: CodeInvalid, Unauthenticated: CodeToken, Forbidden: CodeForbidden, NotFound: CodeNotFound, Exists: CodeExists,
	Conflict: CodeRetry, TooLarge: CodeTooLong, Unprocessable: CodeInvalid, Limited: CodeLimited, Unavailable: CodeRetry, Expired: CodeRetry,
}

// PlatformCode is the error's code, or that of its kind where it names none.
func (e *Error) PlatformCode() string {
	if e.Code != "" {
		return e.Code
	}
	return codes[e.Kind]
}
