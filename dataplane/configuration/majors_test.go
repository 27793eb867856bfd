package configuration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestWhichMajorIsMeant asks for versions of a workflow with majors 2 and 10, beside another one whose name begins as its does.
func TestWhichMajorIsMeant(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	text := defaults(t, 1)["ORDER::HD"]
	as := func(version string) string {
		out := strings.Replace(text, `"version": "1.0"`, `"version": "`+version+`"`, 1)
		require.NotEqual(t, text, out)
		return out
	}
	s.open(1, map[string]string{"ORDER::HD/2": as("2.7"), "ORDER::HD/10": as("10.3"), "ORDER::HDX/11": as("11.0")})
	c := configuration.New(s.state, s, configuration.Options{Memory: 64 << 20})
	for asked, want := range map[int]string{20000: "2.7", 20007: "2.7", 20099: "2.7", 100000: "10.3", 0: "10.3", 10000: "10.3", 110000: "10.3"} {
		w, err := stableFlow(t, c, accountName(1), 1, "ORDER::HD", asked)
		require.NoError(t, err)
		require.Equal(t, want, w.Version, "asked for %d", asked)
	}
	number, found, err := c.Current(t.Context(), accountName(1), 1, "ORDER::HD", workflow.Root{})
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 100003, number)
	for _, none := range []struct {
		account  tenancy.AccountID
		retailer tenancy.RetailerID
		name     string
	}{{accountName(1), 1, "ORDER"}, {accountName(1), 2, "ORDER::HD"}, {accountName(2), 1, "ORDER::HD"}} {
		w, err := stableFlow(t, c, none.account, none.retailer, none.name, 0)
		require.NoError(t, err)
		require.Nil(t, w, "%v", none)
	}
}

// stableFlow asks for the newest minor of a version's major in what is stable.
func stableFlow(t *testing.T, c *configuration.Configurations, account tenancy.AccountID, retailer tenancy.RetailerID, name string, version int) (*workflow.Workflow, error) {
	t.Helper()
	flow, under, err := c.Get(t.Context(), account, retailer, workflow.Following{Name: name, Version: version})
	require.Empty(t, under, "there is no candidate")
	return flow, err
}
