package api_test

import (
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// TestQuotasAreOfLimitsThatThereAre: an account is not made or changed with a quota that nothing heeds.
func TestQuotasAreOfLimitsThatThereAre(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	accounts := cpc.NewAccountServiceClient(d.root())
	update := func(quotas map[string]int64) error {
		_, err := accounts.UpdateAccount(t.Context(), &cpv1.UpdateAccountRequest{
			Account: &cpv1.Account{Name: "ACME", Quotas: quotas}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"quotas"}},
		})
		return err
	}
	for _, wrong := range []map[string]int64{{"orders": 7}, {"page": 1}} {
		_, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "ACME", Quotas: wrong}})
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%v: %v", wrong, err)
	}
	_, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "ACME", Quotas: map[string]int64{"page": 70}}})
	require.NoError(t, err)
	for _, wrong := range []map[string]int64{{"orders": 7}, {"page": 1}} {
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(update(wrong)), "%v", wrong)
	}
	require.NoError(t, update(map[string]int64{"requests-per-second": 50}))
	require.Equal(t, map[string]int64{"requests-per-second": 50}, d.record("ACME").GetAccount().GetQuotas())
}
