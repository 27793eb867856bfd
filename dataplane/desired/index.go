package desired

import (
	"sync"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// index finds what requests ask a view for, however many accounts there are. It is made when the first request asks: views that
// are replaced before need none.
type index struct {
	once    sync.Once
	hosts   map[string]*nodev1.Account
	clients map[string]client
	peers   map[string][]*nodev1.Peer // by kind
}

type client struct {
	account *nodev1.Account
	client  *nodev1.ApiClient
}

func (v *View) index() *index {
	x := v.found
	x.once.Do(func() {
		x.hosts, x.clients, x.peers = map[string]*nodev1.Account{}, map[string]client{}, map[string][]*nodev1.Peer{}
		for _, a := range v.accounts {
			for _, host := range a.GetHosts() {
				x.hosts[host] = a
			}
			for _, c := range a.GetClients() {
				x.clients[c.GetClientId()] = client{account: a, client: c}
			}
		}
		for _, p := range v.peers {
			if x.peers[p.GetKind()] == nil {
				x.peers[p.GetKind()] = v.sortedPeers(p.GetKind())
			}
		}
	})
	return x
}
