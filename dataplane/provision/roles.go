package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Permissions over what is no entity: workflows, rules, events and jobs.
var (
	events        = []string{"EVENT_VIEW", "EVENT_CREATE"}
	batches       = []string{"JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE"}
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
		writes(tenant.IntegrationRole, events, batches), writes(tenant.ImplementerRole, orchestration),
	}
}

// AddStockRoles gives an account those of the named roles that are stock ones and that it has not got: it may be older than they are.
func AddStockRoles(ctx context.Context, db *store.DB, scope tenancy.Scope, names []string) error {
	var wanted []security.Role
	var keys []store.Key
	for _, r := range stockRoles(db.Catalogue()) {
		if slices.Contains(names, r.Name) {
			wanted, keys = append(wanted, r), append(keys, store.Key{r.Name})
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	typ := store.TypeOf[security.Role](db)
	ids, err := db.NewIDs(ctx, scope, typ, len(wanted))
	if err != nil {
		return fmt.Errorf("add stock roles: %w", err)
	}
	err = db.Write(ctx, scope, func(tx *store.Tx) error {
		there, err := tx.ByKey(ctx, typ, keys...)
		if err != nil {
			return err
		}
		made := &entity.Making{Catalogue: db.Catalogue(), By: entity.Maker{Now: tx.Now()}}
		for i, r := range wanted {
			if there[i] == nil {
				r.ID = ids[i]
				made.Make(&r)
			}
		}
		return insert(ctx, tx, made, nil)
	})
	if err != nil {
		return fmt.Errorf("add stock roles: %w", err)
	}
	return nil
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
