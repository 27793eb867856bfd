package provision_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// TestWhatNewRolesMay: each may look at every entity that holds no secrets, and writes what its declaration says. Nobody but an administrator writes what gives rights.
func TestWhatNewRolesMay(t *testing.T) {
	t.Parallel()
	types := domain.Catalogue().Types()
	writers, shown := map[string][]string{}, 0
	for _, typ := range types {
		if !typ.Secret {
			shown++
		}
		for _, role := range typ.Writers {
			require.Contains(t, tenant.StockRoles(), role, "%s is written by a role that no account begins with", typ.Name)
			writers[role] = append(writers[role], typ.Permission)
		}
	}
	var names []string
	for _, role := range provision.Stock(domain.Catalogue()) {
		names = append(names, role.Name)
		var sees, creates, updates []string
		for _, p := range role.Permissions {
			entity, action, _ := strings.Cut(p.Name, "_")
			if !slices.ContainsFunc(types, func(t *catalogue.Type) bool { return t.Permission == entity }) {
				continue
			}
			switch action {
			case "VIEW":
				sees = append(sees, entity)
			case "CREATE":
				creates = append(creates, entity)
			case "UPDATE":
				updates = append(updates, entity)
			}
		}
		if role.Name == tenant.AdminRole {
			require.Len(t, role.Permissions, len(domain.Catalogue().Permissions()))
			continue
		}
		require.ElementsMatch(t, writers[role.Name], creates, role.Name)
		require.ElementsMatch(t, writers[role.Name], updates, role.Name)
		for _, guarded := range []string{"USER", "ROLE", "RETAILER"} {
			require.NotContains(t, creates, guarded, "who writes those may do everything")
		}
		if role.Name == tenant.OrchestrationRole {
			require.Empty(t, sees)
			require.Len(t, role.Permissions, 10, "workflows, rules, events, jobs and batches alone")
			continue
		}
		require.Len(t, sees, shown, role.Name)
	}
	require.Equal(t, tenant.StockRoles(), names)
	for _, typ := range types {
		if !typ.AccountWide && !typ.Provided && !typ.Secret && (typ.Create != nil || typ.Update != nil) {
			require.NotEmpty(t, typ.Writers, "%s: nobody but administrators writes it", typ.Name)
		}
	}
	for role, want := range map[string][]string{
		tenant.StoreAssistantRole:  {"WAVE", "FULFILMENT", "ARTICLE", "CONSIGNMENT", "CARRIERCONSIGNMENT", "MANIFEST", "RETURNORDER", "COMMENT"},
		tenant.CustomerServiceRole: {"ORDER", "ORDERITEM", "FULFILMENTCHOICE", "CUSTOMER", "CUSTOMERADDRESS", "RETURNORDER", "BILLINGACCOUNT", "FULFILMENTOPTION", "COMMENT"},
		tenant.IntegrationRole:     {"ORDER", "FULFILMENT", "STANDARDPRODUCT", "GROUPPRODUCT", "INVENTORYPOSITION", "VIRTUALPOSITION", "INVOICE", "CREDITMEMO", "PAYMENT", "PAYMENTTRANSACTION"},
		tenant.ImplementerRole:     {"LOCATION", "OPENINGSCHEDULE", "NETWORK", "SETTING", "CATEGORY", "VIRTUALCATALOGUE", "CONTROL", "SOURCINGPROFILE"},
	} {
		require.Subset(t, writers[role], want, role)
	}
}
