package workflow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// FuzzVersionNumber: a version that is taken is printed as it was sent, and the one that follows it is greater.
func FuzzVersionNumber(f *testing.F) {
	for _, v := range []string{"1.0", "1.42", "1.9999", "199999.9999", "01.0", "1", "-1.0", "1.0.0", " 1.0", "1.+2"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		n, err := workflow.VersionNumber(v)
		if err != nil {
			return
		}
		require.Equal(t, v, workflow.VersionText(n))
		next, err := workflow.NextVersion(v, v)
		if err != nil {
			return
		}
		after, err := workflow.VersionNumber(next)
		require.NoError(t, err)
		require.Greater(t, after, n)
	})
}

func TestAWorkflowIsAsLargeAsARequestMayBe(t *testing.T) {
	t.Parallel()
	_, err := workflow.Parse(make([]byte, workflow.MaxBytes+1))
	require.True(t, fault.Is(err, fault.TooLarge))
	require.Equal(t, 2<<20, workflow.MaxBytes)
}
