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

// orchestration are the permissions over workflows, rules, events and jobs, which are no entities.
var orchestration = []string{
	"WORKFLOW_VIEW", "WORKFLOW_CREATE", "WORKFLOW_UPDATE", "PLUGIN_VIEW", "EVENT_VIEW", "EVENT_CREATE",
	"JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE",
}

// stockRoles lists the roles that every account begins with, the administrator's first. Callers may add their own.
func stockRoles(all *catalogue.Catalogue) []security.Role {
	return []security.Role{
		{Name: tenant.AdminRole, Permissions: named(all.Permissions())},
		{Name: tenant.OrchestrationRole, Permissions: named(orchestration)},
		{Name: tenant.StoreAssistantRole, Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, storeWork, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE"}))},
		{Name: tenant.CustomerServiceRole, Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, []string{"ORDER", "ORDERITEM", "CUSTOMER", "CUSTOMERADDRESS", "COMMENT"}, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE"}))},
		{Name: tenant.IntegrationRole, Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, integrated, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE", "JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE"}))},
		{Name: tenant.ImplementerRole, Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, setUp, "CREATE", "UPDATE"), orchestration))},
	}
}

// storeWork are the entities that people in a store make and change.
var storeWork = []string{"WAVE", "FULFILMENT", "ARTICLE", "CONSIGNMENT", "CARRIERCONSIGNMENT", "MANIFEST", "COMMENT"}

// setUp are the entities that an implementer makes before the first order comes, stock for a trial among them. Users, roles, API clients
// and retailers are not: who may write those may do everything.
var setUp = []string{
	"LOCATION", "STORAGEAREA", "STOREADDRESS", "OPENINGSCHEDULE", "NETWORK", "CARRIER", "SETTING", "COMMENT", "PRODUCTCATALOGUE", "CATEGORY", "STANDARDPRODUCT",
	"VARIANTPRODUCT", "INVENTORYCATALOGUE", "INVENTORYPOSITION", "INVENTORYQUANTITY", "VIRTUALCATALOGUE", "VIRTUALPOSITION",
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

// integrated are the entities that storefronts, ERPs and carriers write.
var integrated = []string{
	"ORDER", "ORDERITEM", "CUSTOMER", "CUSTOMERADDRESS", "FULFILMENT", "ARTICLE", "CONSIGNMENT", "CARRIERCONSIGNMENT", "MANIFEST", "PRODUCTCATALOGUE", "CATEGORY",
	"STANDARDPRODUCT", "VARIANTPRODUCT", "INVENTORYCATALOGUE", "INVENTORYPOSITION", "INVENTORYQUANTITY",
	"VIRTUALCATALOGUE", "VIRTUALPOSITION", "COMMENT", "RETURNORDER", "RETURNORDERITEM", "RETURNVERIFICATION", "RETURNFULFILMENT", "RETURNFULFILMENTITEM",
}

// permissions names ENTITY_ACTION for the given entities, or for all of the catalogue that hold no secrets.
func permissions(all *catalogue.Catalogue, only []string, actions ...string) []string {
	var names []string
	for _, t := range all.Types() {
		for _, action := range actions {
			if only == nil && !t.Secret || slices.Contains(only, t.Permission) {
				names = append(names, t.Permission+"_"+action)
			}
		}
	}
	return names
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
