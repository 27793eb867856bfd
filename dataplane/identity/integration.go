package identity

import (
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Named is the client id of a request, and what says which account it is of where the id is every account's.
type Named struct {
	ClientID string
	Host     string // account that the request's host names; empty: it names none
	Header   string // account that the header fluent.account names; it is asked for that one id alone
}

// named is the id that an account's client really has. FLUENT_INTEGRATION is that of the first client of the account that host or header name, which
// must not contradict each other.
func named(n Named) (string, error) {
	if n.ClientID != tenancy.IntegrationClient {
		return n.ClientID, nil
	}
	header := strings.ToUpper(strings.TrimSpace(n.Header))
	switch {
	case n.Host == "" && header == "":
		return "", refuse(fault.Invalid, "invalid_request", "Every account has a client %s: say whose by the host name, or by the header fluent.account", n.ClientID)
	case n.Host != "" && header != "" && n.Host != header:
		return "", refuse(fault.Unauthenticated, "invalid_client", "The header fluent.account names another account than the host does")
	case n.Host != "":
		return n.Host, nil
	}
	return header, nil
}
