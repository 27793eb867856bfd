package desired

import (
	"maps"
	"slices"
	"strings"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// draft is a view that is being made from another one, with which it shares what does not change.
type draft struct {
	view           View
	accounts       edit[string, *nodev1.Account]
	configurations edit[retailer, *Configuration]
	hosts          edit[string, *nodev1.Account]
	clients        edit[string, client]
	peers          map[string]*nodev1.Peer // nil: those of the view
}

func draftOf(v *View) *draft {
	d := &draft{view: *v}
	d.accounts.table, d.configurations.table, d.hosts.table, d.clients.table = v.accounts, v.configurations, v.hosts, v.clients
	return d
}

// finish gives the view. The draft must not be used after that.
func (d *draft) finish() *View {
	v := &d.view
	v.accounts, v.configurations, v.hosts, v.clients = d.accounts.table, d.configurations.table, d.hosts.table, d.clients.table
	if d.peers != nil {
		v.peers, v.kinds = d.peers, byKind(d.peers)
	}
	out := *v // without the edits' notes
	return &out
}

// put adds, replaces or deletes one resource.
func (d *draft) put(r *nodev1.Resource, deleted bool) {
	switch kind := r.GetKind().(type) {
	case *nodev1.Resource_Environment:
		d.view.environment = kind.Environment
	case *nodev1.Resource_Account:
		d.account(kind.Account, deleted)
	case *nodev1.Resource_Configuration:
		key := retailer{kind.Configuration.GetAccount(), kind.Configuration.GetRetailer()}
		if deleted {
			d.configurations.remove(key)
			return
		}
		d.configurations.set(key, compact(kind.Configuration))
	case *nodev1.Resource_Peer:
		if d.peers == nil {
			if d.peers = maps.Clone(d.view.peers); d.peers == nil {
				d.peers = map[string]*nodev1.Peer{}
			}
		}
		if deleted {
			delete(d.peers, kind.Peer.GetNodeId())
			return
		}
		d.peers[kind.Peer.GetNodeId()] = kind.Peer
	}
}

// account places an account, and what leads to it. A host or client id that meanwhile leads to another account is left to that.
func (d *draft) account(a *nodev1.Account, deleted bool) {
	before, _ := d.accounts.get(a.GetName())
	for _, host := range before.GetHosts() {
		if owner, _ := d.hosts.get(hostName(host)); owner == before {
			d.hosts.remove(hostName(host))
		}
	}
	for _, c := range before.GetClients() {
		if owner, _ := d.clients.get(c.GetClientId()); owner.account == before {
			d.clients.remove(c.GetClientId())
		}
	}
	if deleted {
		d.accounts.remove(a.GetName())
		return
	}
	d.accounts.set(a.GetName(), a)
	for _, host := range a.GetHosts() {
		d.hosts.set(hostName(host), a)
	}
	for _, c := range a.GetClients() {
		d.clients.set(c.GetClientId(), client{account: a, client: c})
	}
}

func byKind(peers map[string]*nodev1.Peer) map[string][]*nodev1.Peer {
	kinds := map[string][]*nodev1.Peer{}
	for _, p := range peers {
		kinds[p.GetKind()] = append(kinds[p.GetKind()], p)
	}
	for _, list := range kinds {
		slices.SortFunc(list, func(a, b *nodev1.Peer) int {
			if x, y := a.GetState() == "READY", b.GetState() == "READY"; x != y {
				if x {
					return -1
				}
				return 1
			}
			return strings.Compare(a.GetNodeId(), b.GetNodeId())
		})
	}
	return kinds
}
