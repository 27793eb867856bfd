package gateway

import (
	"github.com/fluent-oms/fluent/dataplane/desired"
)

// AccountHeader tells a node which account the request's host names, if it names one. A node refuses tokens and clients of any other there.
const AccountHeader = "Fluent-Account"

// accountAt names the account that a request's host leads to, whether or not there is such an account; empty if the host is the gateway's own,
// for all accounts. Every node serves every account, and finds it by token or client, so that is all that a gateway has to find out. What belongs
// to no account goes to a node too: who asks must not learn from who answers, or how, which accounts there are.
func (g *Gateway) accountAt(host string) string {
	for _, own := range g.settings.Hosts {
		if desired.SameHost(own, host) {
			return ""
		}
	}
	return g.state.View().AccountByHost(host)
}
