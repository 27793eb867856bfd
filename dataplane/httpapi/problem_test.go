package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
)

func TestEveryKindOfFaultHasAStatus(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotZero(t, statuses[kind], "kind %d", kind)
	}
}
