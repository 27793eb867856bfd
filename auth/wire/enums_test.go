package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestAStrangeEnumValueIsFoundWhereverItStands: what comes after it, and is right, does not make up for it.
func TestAStrangeEnumValueIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	steps := func(states ...cpv1.StepState) *cpv1.Operation {
		o := &cpv1.Operation{State: 1}
		for _, s := range states {
			o.Steps = append(o.Steps, &cpv1.OperationStep{State: s})
		}
		return o
	}
	require.NoError(t, wire.CheckEnums(steps(0, 1, 2)))
	for at, o := range map[string]*cpv1.Operation{
		"steps[0].state": steps(99, 1, 1), "steps[1].state": steps(1, 99, 1), "steps[2].state": steps(1, 1, 99), "state": {State: 99},
	} {
		err := wire.CheckEnums(o)
		require.Error(t, err, at)
		require.Equal(t, at, fault.Of(err).Field)
		require.ErrorContains(t, err, "99 is no ")
	}
}
