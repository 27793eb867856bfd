package provision

import (
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Permissions over what is no entity: workflows, rules, events, jobs and the change feed.
var (
	events        = []string{"EVENT_VIEW", "EVENT_CREATE"}
	batches       = []string{"JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE"}
	follows       = []string{"CHANGEFEED_VIEW"}
	orchestration = slices.Concat([]string{"WORKFLOW_VIEW", "WORKFLOW_CREATE", "WORKFLOW_UPDATE", "PLUGIN_VIEW"}, events, batches)
)

// stockRoles lists the roles that every account begins with, the administrator's first. Callers may add their own. Which of them write an entity is
// said where it is declared.
func stockRoles(all *catalogue.Catalogue) []security.Role {
	writes := func(role string, more ...[]string) security.Role {
		names := slices.Concat(more...)
		for _, t := range all.Types() {
			if !t.Secret {
				names = append(names, t.Permission+"_VIEW")
			}
			if slices.Contains(t.Writers, role) {
				names = append(names, t.Permission+"_CREATE", t.Permission+"_UPDATE")
			}
		}
		return security.Role{Name: role, Permissions: named(names)}
	}
	return []security.Role{
		{Name: tenant.AdminRole, Permissions: named(all.Permissions())},
		{Name: tenant.OrchestrationRole, Permissions: named(orchestration)},
		writes(tenant.StoreAssistantRole, events), writes(tenant.CustomerServiceRole, events),
		writes(tenant.IntegrationRole, events, batches, follows), writes(tenant.ImplementerRole, orchestration),
	}
}

// userRoles are a user's roles, by the names of stock roles whose ids are given out; none are the administrator's in the whole account.
func userRoles(roles []security.Role, wanted []*nodev1.ApiRole) ([]security.UserRole, error) {
	if len(wanted) == 0 {
		wanted = []*nodev1.ApiRole{{Role: tenant.AdminRole, Contexts: []*nodev1.ApiContext{{Type: string(tenant.AccountContext), Id: "0"}}}}
	}
	var out []security.UserRole
	for _, w := range wanted {
		i := slices.IndexFunc(roles, func(r security.Role) bool { return r.Name == w.GetRole() })
		if i < 0 {
			return nil, fault.Invalidf("api_roles", "There is no stock role %q", w.GetRole())
		}
		held := security.UserRole{RoleID: roles[i].ID}
		for _, c := range w.GetContexts() {
			held.Contexts = append(held.Contexts, security.RoleContext{ContextType: c.GetType(), ContextID: c.GetId()})
		}
		out = append(out, held)
	}
	return out, nil
}

func named(names []string) []security.Permission {
	names = slices.Clone(names)
	slices.Sort(names)
	list := make([]security.Permission, 0, len(names))
	for _, n := range slices.Compact(names) {
		list = append(list, security.Permission{Name: n})
	}
	return list
}
