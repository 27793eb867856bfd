package modules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// given are values of the right type for all mandatory properties of a rule.
func given(r *rule.Rule) map[string]any {
	props := map[string]any{}
	for _, p := range r.Props {
		if !p.Required {
			continue
		}
		props[p.Name] = map[string]any{"STRING": "x", "INTEGER": 1, "FLOAT": 1.5, "BOOLEAN": true, "JSON": map[string]any{}}[p.Type]
	}
	return props
}

func TestAMissingMandatoryPropertyFailsTheRule(t *testing.T) {
	t.Parallel()
	for _, r := range modules.Rules() {
		for name := range given(&r) {
			props := given(&r)
			delete(props, name)
			turn := ruletest.New(&foundation.Customer{Node: catalogue.Node{ID: "1"}})
			err := turn.Run(modules.Rules(), r.Name, turn.Entity(), props, nil)
			require.ErrorContains(t, err, "PropertyNotFoundException", "%s without %s", r.Name, name)
			require.ErrorContains(t, err, name, r.Name)
			require.Empty(t, turn.Sent, r.Name)
		}
	}
}

// TestRulesOfOrdersAndStockRefuseOtherRoots: on a root of another type, and without an entity, such rules fail and do nothing.
func TestRulesOfOrdersAndStockRefuseOtherRoots(t *testing.T) {
	t.Parallel()
	for _, r := range modules.Rules() {
		if r.Plugin == "core" {
			continue
		}
		for _, entity := range []any{&foundation.Customer{Node: catalogue.Node{ID: "1"}}, nil} {
			turn := ruletest.New(&foundation.Customer{Node: catalogue.Node{ID: "1"}})
			err := turn.Run(modules.Rules(), r.Name, entity, given(&r), nil)
			switch r.Name {
			case "ForwardIfProposedFulfilmentNotPresent":
				require.NoError(t, err, "it looks at the event alone")
				continue
			case "ForwardIfProposedFulfilmentPresent", "SendEventForInventoryPositions":
				require.NoError(t, err)
			default:
				require.Error(t, err, "%s on %T", r.Name, entity)
			}
			require.Empty(t, turn.Sent, r.Name)
			require.Empty(t, turn.Created, r.Name)
			require.Empty(t, turn.Effects(), r.Name)
		}
	}
}

// TestAPropertyOfAWrongTypeFailsTheRule before it does anything, whether it would have come to look at the property or not.
func TestAPropertyOfAWrongTypeFailsTheRule(t *testing.T) {
	t.Parallel()
	wrong := map[string]any{"STRING": map[string]any{"a": 1}, "INTEGER": "soon", "FLOAT": "far", "BOOLEAN": "perhaps"}
	list, tried := modules.Rules(), 0
	for _, r := range list {
		for _, p := range r.Props {
			bad, has := wrong[p.Type]
			if !has || p.Unused {
				continue
			}
			tried++
			props := given(&r)
			props[p.Name] = bad
			e := &foundation.Customer{Node: catalogue.Node{ID: "1"}, Status: "NEW"}
			turn := ruletest.New(e)
			require.ErrorContains(t, turn.Run(list, r.Name, e, props, nil), "property "+p.Name+": ", r.Name)
			require.Empty(t, turn.Sent, r.Name)
			require.Equal(t, "NEW", e.Status, r.Name)
		}
	}
	require.Greater(t, tried, 100)
}
