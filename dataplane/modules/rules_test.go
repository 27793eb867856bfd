package modules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
)

func TestEveryRuleIsDescribedAndNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range modules.Rules() {
		require.NotEmpty(t, r.Plugin, r.Name)
		require.NotEmpty(t, r.Doc, r.Name)
		for _, name := range append([]string{r.Name}, r.Aliases...) {
			require.False(t, seen[name], "two rules are called %s", name)
			seen[name] = true
		}
		for _, p := range r.Props {
			require.Contains(t, []string{"STRING", "INTEGER", "FLOAT", "BOOLEAN", "JSON"}, p.Type, "%s.%s", r.Name, p.Name)
			require.NotEmpty(t, p.Doc, "%s.%s", r.Name, p.Name)
		}
	}
}

// TestImplementersNamesResolve: implementers package the stock rules under plugin names of their own and use older names.
func TestImplementersNamesResolve(t *testing.T) {
	t.Parallel()
	lib := rule.NewLibrary(modules.Rules())
	for plugin, names := range map[string][]string{
		"commonv2": {"ChangeStateGQL", "SendEventGQL", "ForwardIfOrderCoordinatesPresent", "ForwardIfOrderCoordinatesNotPresent", "ForwardIfDeliveryAddressPresent",
			"ForwardIfDeliveryAddressNotPresent", "ResolveOrderCoordinates", "UpdateOrderCoordinates", "SearchInventoryAtLocations", "SelectProposedFulfilment",
			"ForwardIfProposedFulfilmentPresent", "ForwardIfProposedFulfilmentNotPresent", "ForwardIfMaxSplitLimitReached", "ForwardIfMaxSplitLimitNotReached",
			"ForwardIfUnfulfilledItemsExist", "CreateFulfilment", "AddFulfilmentTypeAttributeToFulfilment", "CopyAttributesFromFulfilmentToArticle",
			"ConfirmFulfilmentItems", "CreateArticlesForFulfilment", "CancelFulfilment", "CreateFinancialTransaction", "VerifyingFulfilmentItems", "SendEventForOrder",
			"SendEventForAllFulfilments", "SendEventForFulfilmentV2", "SendEventForArticlesV2", "SendEventToFulfilmentOnVerifyingOrderStatus",
			"SendEventOnVerifyingAllFulfilmentStates", "SendEventOnVerifyingAllArticleStates", "SendEventOnVerifyingAttributeValue",
			"SendEventOnVerifyingConsignmentV2", "ScheduleFulfilmentExpiry", "CreateDemoConsignment"},
		"base": {"ForwardEventWithDeliveryAddressCoordinates", "SendEventOnIdentifyingDeliveryType", "GetLocationsForNetwork", "SearchInventoryAtLocationsSD",
			"CalculateLocationsDistances", "FilterLocationsByType", "SendWebhook"},
		"commongi":   {"CreateFulfilmentForUnfulfillableItems", "ChangeStateForUnfulfilableFulfilment", "SendEventToUpdateInventoryQuantity", "RejectFulfilment"},
		"foundation": {"SendWebhook"},
	} {
		for _, n := range names {
			require.NotNil(t, lib.Find("ACME."+plugin+"."+n), "%s.%s", plugin, n)
		}
	}
}
