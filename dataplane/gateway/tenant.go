package gateway

import (
	"github.com/fluent-oms/fluent/dataplane/desired"
)

// AccountHeader tells a node which account the request's host names, if it names one. A node refuses tokens and clients of any other there.
const AccountHeader = "Fluent-Account"

// accountAt is the account that a host names; empty if it names none. Every node serves every account, and finds it by token or client, so that
// is all that a gateway has to find out. What belongs to no account goes to a node too: who asks must not learn from who answers, or how, which
// accounts there are.
func accountAt(view *desired.View, host string) string {
	return view.AccountByHost(host).GetName()
}
