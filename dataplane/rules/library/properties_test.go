package library_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/rules/library"
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
	for _, r := range library.All() {
		for name := range given(&r) {
			props := given(&r)
			delete(props, name)
			turn := ruletest.New(&foundation.Customer{Node: catalogue.Node{ID: "1"}})
			err := turn.Run(library.All(), r.Name, turn.Entity(), props, nil)
			require.ErrorContains(t, err, "PropertyNotFoundException", "%s without %s", r.Name, name)
			require.ErrorContains(t, err, name, r.Name)
			require.Empty(t, turn.Sent, r.Name)
		}
	}
}

// TestRulesOfOrdersAndStockRefuseOtherRoots: on a root of another type, and without an entity, such rules fail and do nothing.
func TestRulesOfOrdersAndStockRefuseOtherRoots(t *testing.T) {
	t.Parallel()
	for _, r := range library.All() {
		if r.Plugin == "core" {
			continue
		}
		for _, entity := range []any{&foundation.Customer{Node: catalogue.Node{ID: "1"}}, nil} {
			turn := ruletest.New(&foundation.Customer{Node: catalogue.Node{ID: "1"}})
			err := turn.Run(library.All(), r.Name, entity, given(&r), nil)
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

func TestAPropertyOfAWrongTypeFailsTheRule(t *testing.T) {
	t.Parallel()
	wrong := map[string]any{"STRING": map[string]any{"a": 1}, "INTEGER": "soon", "FLOAT": "far", "BOOLEAN": "perhaps"}
	for _, r := range library.All() {
		for _, p := range r.Props {
			bad, has := wrong[p.Type]
			if !has || r.Plugin != "core" {
				continue
			}
			props := given(&r)
			props[p.Name] = bad
			if _, ok := props["jsonpath"]; ok && p.Name != "jsonpath" {
				props["jsonpath"], props["value"] = "status", "NEW"
				props["routes"] = map[string]any{}
			}
			e := &foundation.Customer{Node: catalogue.Node{ID: "1"}, Status: "NEW"}
			turn := ruletest.New(e)
			err := turn.Run(library.All(), r.Name, e, props, nil)
			if err == nil {
				require.Empty(t, turn.Sent, "%s with a wrong %s", r.Name, p.Name)
			}
		}
	}
}
