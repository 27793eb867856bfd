package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestAnAccountLivesWhereItMay asks for regions and environments, some of which lie where the account may not be.
func TestAnAccountLivesWhereItMay(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(statev1.Kind_KIND_PUT_REGION, &statev1.PutRegion{Region: &cpv1.Region{Name: "there", Jurisdictions: []string{"EU", "CH"}}})
	l.must(statev1.Kind_KIND_PUT_REGION, &statev1.PutRegion{Region: &cpv1.Region{Name: "nowhere"}})
	l.must(statev1.Kind_KIND_PUT_ENVIRONMENT, &statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "far", Region: "there"}})
	for name, c := range map[string]struct {
		account *cpv1.Account
		field   string // that is refused; empty: none
		region  string // that the account then has
	}{
		"A1": {&cpv1.Account{Region: "here", Jurisdictions: []string{"AU"}}, "", "here"},
		"A2": {&cpv1.Account{Region: "there", Jurisdictions: []string{"AU"}}, "account.jurisdictions", ""},
		"A3": {&cpv1.Account{Region: "there", Jurisdictions: []string{"AU", "CH"}}, "", "there"},
		"A4": {&cpv1.Account{Environment: "far", Jurisdictions: []string{"AU"}}, "account.jurisdictions", ""},
		"A5": {&cpv1.Account{Environment: "far", Jurisdictions: []string{"EU"}}, "", "there"},
		"A6": {&cpv1.Account{Environment: "far", Region: "here", Jurisdictions: []string{"AU"}}, "account.region", ""},
		"A7": {&cpv1.Account{Region: "nowhere", Jurisdictions: []string{"AU"}}, "account.jurisdictions", ""},
		"A8": {&cpv1.Account{Region: "nowhere"}, "", "nowhere"},
		"A9": {&cpv1.Account{Region: "missing", Jurisdictions: []string{"AU"}}, "account.region", ""},
	} {
		c.account.Name = name
		made := l.apply(statev1.Kind_KIND_CREATE_ACCOUNT, &statev1.CreateAccount{Record: &statev1.AccountRecord{
			Account: c.account, FirstRetailer: &cpv1.Retailer{Ref: "R"},
		}})
		if c.field != "" {
			require.True(t, fault.Is(made.Err, fault.Invalid), "%s: %v", name, made.Err)
			require.Equal(t, c.field, fault.Of(made.Err).Field, name)
			continue
		}
		require.NoError(t, made.Err, name)
		record, _ := state.Accounts.Get(l.store.View(), name)
		require.Equal(t, c.region, record.GetAccount().GetRegion(), name)
	}
}

// TestAHostLeadsToOneAccount gives a host name to a second account, at its creation and later.
func TestAHostLeadsToOneAccount(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(statev1.Kind_KIND_CREATE_ACCOUNT, &statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME", Hosts: []string{"shop.example"}}, FirstRetailer: &cpv1.Retailer{Ref: "R"},
	}})
	second := l.apply(statev1.Kind_KIND_CREATE_ACCOUNT, &statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "OTHER", Hosts: []string{"own.example", "shop.example"}}, FirstRetailer: &cpv1.Retailer{Ref: "R"},
	}})
	require.True(t, fault.Is(second.Err, fault.Exists), "%v", second.Err)
	l.account("THIRD")
	record, _ := state.Accounts.Get(l.store.View(), "THIRD")
	taken := l.apply(statev1.Kind_KIND_UPDATE_ACCOUNT, &statev1.UpdateAccount{Account: &cpv1.Account{Name: "THIRD", Hosts: []string{"shop.example"}}, Etag: record.GetAccount().GetEtag()})
	require.True(t, fault.Is(taken.Err, fault.Exists), "%v", taken.Err)
	record, _ = state.Accounts.Get(l.store.View(), "ACME")
	l.must(statev1.Kind_KIND_UPDATE_ACCOUNT, &statev1.UpdateAccount{Account: &cpv1.Account{Name: "ACME", Hosts: []string{"shop.example"}, State: record.GetAccount().GetState()}, Etag: record.GetAccount().GetEtag()})
}
