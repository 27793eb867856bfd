// Package desired keeps what the control plane wants of this environment: its accounts, their active configurations and its
// peers. A node or gateway follows the control plane's stream, keeps the last state on its disk, and serves from it when no
// control-plane server answers.
package desired

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// View is the desired state at one index. It never changes; readers may keep it for the length of a request.
type View struct {
	Incarnation string // of the control plane's history that Index belongs to
	Index       uint64

	environment    *nodev1.Environment
	accounts       map[string]*nodev1.Account
	configurations map[string]*nodev1.Configuration // by account and retailer
	peers          map[string]*nodev1.Peer
	found          *index
}

func newView() *View {
	return &View{
		accounts: map[string]*nodev1.Account{}, configurations: map[string]*nodev1.Configuration{},
		peers: map[string]*nodev1.Peer{}, found: &index{},
	}
}

// clone copies the maps, not what they point at: resources are never changed once received.
func (v *View) clone() *View {
	c := *v
	c.accounts, c.configurations = maps.Clone(v.accounts), maps.Clone(v.configurations)
	c.peers = maps.Clone(v.peers)
	c.found = &index{}
	return &c
}

// Environment is this node's environment; nil until the first snapshot arrived.
func (v *View) Environment() *nodev1.Environment { return v.environment }

// Account finds an account by name; nil if the environment has none of it.
func (v *View) Account(name string) *nodev1.Account { return v.accounts[name] }

// Accounts lists the accounts by name.
func (v *View) Accounts() []*nodev1.Account {
	all := make([]*nodev1.Account, 0, len(v.accounts))
	for _, name := range slices.Sorted(maps.Keys(v.accounts)) {
		all = append(all, v.accounts[name])
	}
	return all
}

// AccountByHost finds the account that a Host header leads to: one of its listed hosts, or a first label that equals its name
// without regard to case (demo.localhost). nil if there is none.
func (v *View) AccountByHost(host string) *nodev1.Account {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if a := v.index().hosts[host]; a != nil {
		return a
	}
	label, _, ok := strings.Cut(host, ".")
	if !ok {
		return nil
	}
	return v.accounts[strings.ToUpper(label)]
}

// Client finds the account and API client of a client id; nils if there is none.
func (v *View) Client(clientID string) (*nodev1.Account, *nodev1.ApiClient) {
	c := v.index().clients[clientID]
	return c.account, c.client
}

// Configuration is the active configuration of a retailer; nil if nothing was activated yet.
func (v *View) Configuration(account string, retailer int32) *nodev1.Configuration {
	return v.configurations[configurationKey(account, retailer)]
}

// Configurations lists all active configurations, in no order.
func (v *View) Configurations() []*nodev1.Configuration {
	return slices.Collect(maps.Values(v.configurations))
}

// Peers lists the environment's nodes of a kind (node, gateway), ready ones first, then by id. The list is shared: it must not be
// changed.
func (v *View) Peers(kind string) []*nodev1.Peer { return v.index().peers[kind] }

func (v *View) sortedPeers(kind string) []*nodev1.Peer {
	var all []*nodev1.Peer
	for _, p := range v.peers {
		if p.GetKind() == kind {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *nodev1.Peer) int {
		if x, y := a.GetState() == "READY", b.GetState() == "READY"; x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a.GetNodeId(), b.GetNodeId())
	})
	return all
}

// put adds, replaces or deletes one resource.
func (v *View) put(r *nodev1.Resource, deleted bool) {
	switch kind := r.GetKind().(type) {
	case *nodev1.Resource_Environment:
		v.environment = kind.Environment
	case *nodev1.Resource_Account:
		place(v.accounts, kind.Account.GetName(), kind.Account, deleted)
	case *nodev1.Resource_Configuration:
		c := kind.Configuration
		place(v.configurations, configurationKey(c.GetAccount(), c.GetRetailer()), c, deleted)
	case *nodev1.Resource_Peer:
		place(v.peers, kind.Peer.GetNodeId(), kind.Peer, deleted)
	}
}

func place[T proto.Message](m map[string]T, key string, value T, deleted bool) {
	if deleted {
		delete(m, key)
		return
	}
	m[key] = value
}

func configurationKey(account string, retailer int32) string {
	return account + "/" + strconv.Itoa(int(retailer))
}

// resources lists everything in the view, for keeping it on disk.
func (v *View) resources() []*nodev1.Resource {
	var all []*nodev1.Resource
	if v.environment != nil {
		all = append(all, &nodev1.Resource{Kind: &nodev1.Resource_Environment{Environment: v.environment}})
	}
	for _, x := range v.accounts {
		all = append(all, &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: x}})
	}
	for _, x := range v.configurations {
		all = append(all, &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: x}})
	}
	for _, x := range v.peers {
		all = append(all, &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: x}})
	}
	return all
}
