package node

import (
	"github.com/fluent-oms/fluent/dataplane/quota"
	"github.com/fluent-oms/fluent/dataplane/store/usage"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// quotas hold accounts to the figures that the control plane tells.
type quotas struct {
	*quota.Rates
	*quota.Rows
	node *Node
}

// Figures are the limits of an account.
func (q quotas) Figures(account tenancy.AccountID) limit.Figures { return q.node.figures(account) }

// Body is how many bytes a body of an account's may have.
func (q quotas) Body(account tenancy.AccountID) int64 { return q.node.figures(account).Body }

func (n *Node) figures(account tenancy.AccountID) limit.Figures {
	if quotas := n.state.View().Account(string(account)).GetQuotas(); len(quotas) > 0 {
		return limit.Of(quotas)
	}
	return limit.Standard
}

// sharers is how many nodes take requests, this one among them: each has the same part of what an account may send.
func (n *Node) sharers() (ready int) {
	for _, p := range n.state.View().Peers("node") {
		if p.GetState() == "READY" {
			ready++
		}
	}
	return max(1, ready)
}

// holdToQuotas makes what holds accounts to their figures.
func (s *services) holdToQuotas() {
	n := s.node
	s.quotas = quotas{node: n, Rates: quota.NewRates(n.figures, n.sharers), Rows: quota.NewRows(quota.RowsDeps{
		Usage: usage.Of(s.db), Figures: n.figures, Accounts: s.accounts, Mine: s.first, Log: n.log,
	})}
	n.registry.MustRegister(s.quotas.Rates)
}

// stored hears what was committed, from the time that somebody counts it.
func (s *services) stored(account tenancy.AccountID, rows int) {
	if s.quotas.Rows != nil {
		s.quotas.Wrote(account, rows)
	}
}
