package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/metrics"
	business "github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain"
)

// TestANodeMarksWhatItsModulesKeep: without it nothing fails, and figures are old for a while.
func TestANodeMarksWhatItsModulesKeep(t *testing.T) {
	t.Parallel()
	options, err := (&Node{registry: metrics.NewRegistry()}).storeOptions()
	require.NoError(t, err)
	require.Equal(t, []string{store.Places, eventstore.Causes}, options.Figures.OfField(domain.Catalogue().Type("VirtualCatalogue").Field("status")))
	require.Equal(t, []string{store.Places, eventstore.Causes}, options.Figures.OfLink(domain.Catalogue().Type("Location").Edge("networks")))
	kept := 0
	for _, m := range business.All() {
		kept += len(m.Derived)
	}
	require.Positive(t, kept)
}
