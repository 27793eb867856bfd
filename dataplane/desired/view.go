// Package desired keeps what the control plane wants of this environment: its accounts, the configurations that they work by and its
// peers. A node or gateway follows the control plane's stream, keeps the last state on its disk, and serves from it when no
// control-plane server answers.
package desired

import (
	"iter"
	"net"
	"net/netip"
	"slices"
	"strings"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// View is the desired state at one index. It never changes; readers may keep it for the length of a request.
type View struct {
	Incarnation string // of the control plane's history that Index belongs to
	Index       uint64

	environment    *nodev1.Environment
	accounts       table[string, *nodev1.Account]
	configurations table[retailer, *Configuration]
	hosts          table[string, *nodev1.Account]
	clients        table[string, client]
	peers          map[string]*nodev1.Peer
	kinds          map[string][]*nodev1.Peer // peers by kind, ready ones first
}

type retailer struct {
	account string
	number  int32
}

type client struct {
	account *nodev1.Account
	client  *nodev1.ApiClient
}

// Environment is this node's environment; nil until the first snapshot arrived.
func (v *View) Environment() *nodev1.Environment { return v.environment }

// Account finds an account by name; nil if the environment has none of it.
func (v *View) Account(name string) *nodev1.Account {
	a, _ := v.accounts.get(name)
	return a
}

// Accounts lists the accounts by name.
func (v *View) Accounts() []*nodev1.Account {
	all := make([]*nodev1.Account, 0, v.accounts.len())
	for _, a := range v.accounts.all() {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *nodev1.Account) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

// AccountByHost is the name of the account that a Host header leads to: the one that has listed the host, else what the host's first label
// says (DEMO of demo.localhost), whether or not there is such an account: who asks with a token of another must not learn that from the
// answer. Empty for addresses and for names of one label.
func (v *View) AccountByHost(host string) string {
	host = hostName(host)
	if a, ok := v.hosts.get(host); ok {
		return a.GetName()
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ""
	}
	label, _, ok := strings.Cut(host, ".")
	if !ok {
		return ""
	}
	return strings.ToUpper(label)
}

// SameHost reports whether two Host headers have one name. Ports do not count.
func SameHost(a, b string) bool { return hostName(a) == hostName(b) }

// hostName is the name in a Host header, as names are compared: without a port and the root's dot, in small letters.
func hostName(host string) string {
	if strings.IndexByte(host, ':') >= 0 { // an error of what follows would take memory
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Client finds the account and API client of a client id; nils if there is none.
func (v *View) Client(clientID string) (*nodev1.Account, *nodev1.ApiClient) {
	c, _ := v.clients.get(clientID)
	return c.account, c.client
}

// Configuration is what a retailer works by; nil if nothing was activated yet.
func (v *View) Configuration(account string, number int32) *Configuration {
	c, _ := v.configurations.get(retailer{account, number})
	return c
}

// Peers lists the environment's nodes of a kind (node, gateway), ready ones first, then by id. The list is shared: it must not be
// changed.
func (v *View) Peers(kind string) []*nodev1.Peer { return v.kinds[kind] }

// resources gives everything in the view, for keeping it on disk.
func (v *View) resources() iter.Seq[*nodev1.Resource] {
	return func(yield func(*nodev1.Resource) bool) {
		if v.environment != nil && !yield(&nodev1.Resource{Kind: &nodev1.Resource_Environment{Environment: v.environment}}) {
			return
		}
		for _, x := range v.accounts.all() {
			if !yield(&nodev1.Resource{Kind: &nodev1.Resource_Account{Account: x}}) {
				return
			}
		}
		for _, x := range v.configurations.all() {
			if !yield(&nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: x.message()}}) {
				return
			}
		}
		for _, x := range v.peers {
			if !yield(&nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: x}}) {
				return
			}
		}
	}
}
