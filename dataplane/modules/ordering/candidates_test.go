package ordering

import (
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestCandidates is in the package, since outside of it a closed location has nothing to sell either: neither one that is closed nor one that is
// excluded is asked, whatever it holds, and attributes come along.
func TestCandidates(t *testing.T) {
	t.Parallel()
	rows := &store.PlaceRows{Networks: []*foundation.Network{{Node: catalogue.Node{ID: "9"}, Ref: "NET"}}, NetworkLocations: map[catalogue.ID][]catalogue.ID{"9": {"1"}}}
	for n, status := range []string{"ACTIVE", "INACTIVE", "ACTIVE", "CREATED"} {
		l := &foundation.Location{Node: catalogue.Node{ID: catalogue.ID(rune('1' + n))}, Ref: string(rune('A' + n)), Type: "STORE", Status: status}
		l.Attributes = catalogue.Attributes{{Name: "dailyCapacity", Type: "INTEGER", Value: 7.0}, {Name: "fulfilmentMethods", Type: "JSON", Value: []any{"CC"}}}
		rows.Locations = append(rows.Locations, l)
	}
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	places, err := availability.NewFixed("ACME", rows).Places(t.Context(), scope)
	require.NoError(t, err)
	found, left := candidates(places, []string{"C"})
	require.Equal(t, map[string]string{"B": "INACTIVE", "C": "EXCLUDED"}, left)
	sort.Slice(found, func(i, j int) bool { return found[i].Ref < found[j].Ref })
	require.Len(t, found, 2)
	require.Equal(t, []string{"A", "D"}, []string{found[0].Ref, found[1].Ref})
	require.Equal(t, []string{"NET"}, found[0].Networks)
	require.Equal(t, []any{"1", "STORE", 7.0}, []any{found[0].ID, found[0].Type, found[0].Attributes["dailyCapacity"]})
	require.Equal(t, []any{7.0, []string{"CC"}}, []any{*found[0].DailyCapacity, found[0].Methods})
}
