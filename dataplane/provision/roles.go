package provision

import (
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
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
		{Name: "ORCHESTRATION_ADMIN", Permissions: named(orchestration)},
		{Name: "STORE_ASSISTANT", Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, []string{"FULFILMENT", "ARTICLE", "COMMENT"}, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE"}))},
		{Name: "CUSTOMER_SERVICE", Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, []string{"ORDER", "ORDERITEM", "CUSTOMER", "CUSTOMERADDRESS", "COMMENT"}, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE"}))},
		{Name: "INTEGRATION", Permissions: named(slices.Concat(
			permissions(all, nil, "VIEW"), permissions(all, integrated, "CREATE", "UPDATE"),
			[]string{"EVENT_VIEW", "EVENT_CREATE", "JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE"}))},
	}
}

// integrated are the entities that storefronts, ERPs and carriers write.
var integrated = []string{
	"ORDER", "ORDERITEM", "CUSTOMER", "CUSTOMERADDRESS", "FULFILMENT", "ARTICLE", "PRODUCTCATALOGUE", "CATEGORY",
	"STANDARDPRODUCT", "VARIANTPRODUCT", "INVENTORYCATALOGUE", "INVENTORYPOSITION", "INVENTORYQUANTITY",
	"VIRTUALCATALOGUE", "VIRTUALPOSITION", "COMMENT",
}

// permissions names ENTITY_ACTION for the given entities, or for all of the catalogue.
func permissions(all *catalogue.Catalogue, only []string, actions ...string) []string {
	var names []string
	for _, t := range all.Types() {
		for _, action := range actions {
			if only == nil || slices.Contains(only, t.Permission) {
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
