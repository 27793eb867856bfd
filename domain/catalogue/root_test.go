package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

type Root struct {
	catalogue.Node
	catalogue.Orchestrated
}

type Hanging struct {
	catalogue.Node
	catalogue.Orchestrated
	RootID catalogue.ID `oms:"ref=Root"`
}

func TestWhatHangsOnWhat(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		spec := coupons()
		spec.Types = append(spec.Types, catalogue.TypeSpec{Go: Root{}, Event: "ROOT"}, catalogue.TypeSpec{Go: Hanging{}, Event: "HANGING", Root: "root", OwnRoot: own})
		c, err := catalogue.New(spec)
		require.NoError(t, err)
		typ := c.Type("Hanging")
		by, id := typ.Above(&Hanging{RootID: "7"})
		require.Same(t, typ.Field("root"), by)
		require.Equal(t, catalogue.ID("7"), id)
		by, id = typ.Above(&Hanging{})
		require.Equal(t, own, by == nil, "whether it is a root itself")
		require.Empty(t, id)
		by, _ = c.Type("Root").Above(&Root{})
		require.Nil(t, by)
	}
}
