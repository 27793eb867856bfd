package api

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

type accounts struct{ *API }

// secretBytes is how much randomness a made secret has.
const secretBytes = 24

// CreateAccount makes an account and starts its provisioning. Of secrets only hashes go further than this function.
func (a accounts) CreateAccount(ctx context.Context, r *cpv1.CreateAccountRequest) (*cpv1.CreateAccountResponse, error) {
	name := r.GetAccount().GetName()
	secrets := &cpv1.AccountCredentials{
		Username:     first(r.GetAdministrator().GetUsername(), "admin@"+strings.ToLower(name)),
		Password:     first(r.GetAdministrator().GetPassword(), password.Secret(secretBytes)),
		ClientId:     name,
		ClientSecret: first(r.GetClientSecret(), password.Secret(secretBytes)),
	}
	hashing := a.Passwords.Hash
	if r.GetAdministrator().GetPassword() == "" {
		hashing = a.Passwords.HashSecret
	}
	hash, err := hashing(ctx, secrets.GetPassword())
	if err != nil {
		return nil, fault.Invalidf("administrator.password", "The password cannot be used.").Wrap(err)
	}
	roles, err := firstRoles(r.GetClientRoles())
	if err != nil {
		return nil, err
	}
	if err := limit.Check(r.GetAccount().GetQuotas()); err != nil {
		return nil, err
	}
	record := &statev1.AccountRecord{
		Account: &cpv1.Account{
			Name: name, DisplayName: first(r.GetAccount().GetDisplayName(), name), Region: r.GetAccount().GetRegion(),
			Environment: r.GetAccount().GetEnvironment(), Jurisdictions: r.GetAccount().GetJurisdictions(),
			Quotas: r.GetAccount().GetQuotas(), Hosts: hostNames(r.GetAccount().GetHosts()),
			Clients: []*cpv1.ApiClient{{ClientId: name, Roles: roles}},
		},
		Secrets:       []*statev1.ClientSecret{{ClientId: name, Hash: secretHash(secrets.GetClientSecret())}},
		Administrator: &statev1.Administrator{Username: secrets.GetUsername(), Email: r.GetAdministrator().GetEmail(), PasswordHash: hash},
		FirstRetailer: withDefaults(r.GetFirstRetailer(), name),
	}
	body := &statev1.CreateAccount{Record: record}
	if v := a.Store.View(); v.Cluster().GetSchemaFloor() >= state.StepsTogether {
		body.PlaceIn = state.ChooseEnvironment(v, record.GetAccount())
	}
	result, err := a.change(ctx, body, r)
	if err != nil {
		return nil, err
	}
	created := as[*statev1.AccountCreated](result)
	out := &cpv1.CreateAccountResponse{Account: created.GetAccount(), Operation: created.GetOperation(), Credentials: secrets}
	if result.Replayed || r.GetValidateOnly() {
		out.Credentials = nil // these secrets were not used
	}
	return out, nil
}

// hostNames are host names as they are compared, in small letters and without the root's dot: no two accounts have the same in two spellings.
func hostNames(given []string) []string {
	names := make([]string, 0, len(given))
	for _, name := range given {
		names = append(names, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return names
}

// firstRoles are what a new account's client acts as. The account has no other roles than the stock ones yet, and no other place than itself.
func firstRoles(wanted []*cpv1.ClientRole) ([]*cpv1.ClientRole, error) {
	if len(wanted) == 0 {
		wanted = []*cpv1.ClientRole{{Role: tenant.IntegrationRole}}
	}
	var out []*cpv1.ClientRole
	for _, role := range wanted {
		if !slices.Contains(tenant.StockRoles(), role.GetRole()) {
			return nil, fault.Invalidf("client_roles", "A new account has no role %q; it has %s.", role.GetRole(), strings.Join(tenant.StockRoles(), ", "))
		}
		if len(role.GetContexts()) > 0 && !(len(role.GetContexts()) == 1 && role.GetContexts()[0].GetType() == string(tenant.AccountContext)) {
			return nil, fault.Invalidf("client_roles", "The first client of an account acts in the whole account; narrow it when the account is there.")
		}
		out = append(out, &cpv1.ClientRole{Role: role.GetRole(), Contexts: []*cpv1.ClientContext{{Type: string(tenant.AccountContext), Id: "0"}}})
	}
	return out, nil
}

// withDefaults fills in what a retailer needs. Sydney and its dollar stand where nothing is said.
func withDefaults(r *cpv1.Retailer, account string) *cpv1.Retailer {
	out := &cpv1.Retailer{}
	out.Ref = first(r.GetRef(), account)
	out.TradingName = first(r.GetTradingName(), out.GetRef())
	out.TimeZone = first(r.GetTimeZone(), "Australia/Sydney")
	out.Currency = first(r.GetCurrency(), "AUD")
	return out
}

func secretHash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// GetAccount reads one account.
func (a accounts) GetAccount(_ context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
	record, found := state.Accounts.Get(a.Store.View(), r.GetName())
	if !found {
		return nil, absent("account", r.GetName())
	}
	return &cpv1.GetAccountResponse{Account: record.GetAccount()}, nil
}

// ListAccounts reads the accounts that the caller may see, by name.
func (a accounts) ListAccounts(ctx context.Context, r *cpv1.ListAccountsRequest) (*cpv1.ListAccountsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	decision := policy.FromContext(ctx)
	list, next := state.Accounts.Filter(a.Store.View(), p, func(record *statev1.AccountRecord) bool {
		at := record.GetAccount()
		return (r.GetEnvironment() == "" || r.GetEnvironment() == at.GetEnvironment()) &&
			decision.Covers(policy.Resource{Region: at.GetRegion(), Environment: at.GetEnvironment(), Account: at.GetName()})
	})
	out := &cpv1.ListAccountsResponse{NextPageToken: pageToken(r, next)}
	for _, record := range list {
		out.Accounts = append(out.Accounts, record.GetAccount())
	}
	return out, nil
}

// UpdateAccount changes the fields in update_mask.
func (a accounts) UpdateAccount(ctx context.Context, r *cpv1.UpdateAccountRequest) (*cpv1.UpdateAccountResponse, error) {
	if r.GetAccount().GetState() == cpv1.AccountState_ACCOUNT_STATE_DELETING {
		return nil, fault.Invalidf("account.state", "Use DeleteAccount.")
	}
	out, err := a.update(ctx, r.GetAccount(), func(current *cpv1.Account) (*cpv1.Account, error) {
		next, err := merged(current, r.GetAccount(), r.GetUpdateMask(), "display_name", "jurisdictions", "quotas", "hosts", "state")
		if err != nil {
			return nil, err
		}
		if !maps.Equal(next.GetQuotas(), current.GetQuotas()) { // those that it has may be of an earlier release
			if err := limit.Check(next.GetQuotas()); err != nil {
				return nil, err
			}
		}
		if !slices.Equal(next.GetHosts(), current.GetHosts()) {
			next.Hosts = hostNames(next.GetHosts())
		}
		if slices.Equal(next.GetJurisdictions(), current.GetJurisdictions()) {
			return next, nil // where it is was lawful when it came there; what else it is may change, whatever became of the region
		}
		return next, state.CheckResidence(a.Store.View(), next)
	}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.UpdateAccountResponse{Account: out}, nil
}

// DeleteAccount closes an account.
func (a accounts) DeleteAccount(ctx context.Context, r *cpv1.DeleteAccountRequest) (*cpv1.DeleteAccountResponse, error) {
	out, err := a.update(ctx, &cpv1.Account{Name: r.GetName(), Etag: r.GetEtag()}, func(current *cpv1.Account) (*cpv1.Account, error) {
		next := proto.CloneOf(current)
		next.State = cpv1.AccountState_ACCOUNT_STATE_DELETING
		return next, nil
	}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.DeleteAccountResponse{Account: out}, nil
}

func (a accounts) update(ctx context.Context, named *cpv1.Account, change func(*cpv1.Account) (*cpv1.Account, error), request proto.Message) (*cpv1.Account, error) {
	var out *cpv1.Account
	err := retried(named.GetEtag(), func() error {
		record, found := state.Accounts.Get(a.Store.View(), named.GetName())
		if !found {
			return absent("account", named.GetName())
		}
		next, err := change(record.GetAccount())
		if err != nil {
			return err
		}
		body := &statev1.UpdateAccount{Account: next, Etag: first(named.GetEtag(), record.GetAccount().GetEtag())}
		result, err := a.change(ctx, body, request)
		out = as[*statev1.AccountCreated](result).GetAccount()
		return err
	})
	return out, err
}

// RotateClientSecret is RotateApiClientSecret without an overlap, by the name that it had when an account had one client.
func (a accounts) RotateClientSecret(ctx context.Context, r *cpv1.RotateClientSecretRequest) (*cpv1.RotateClientSecretResponse, error) {
	id := first(r.GetClientId(), r.GetAccount())
	if string(tenancy.AccountOfClient(id)) != r.GetAccount() {
		return nil, absent("API client", id)
	}
	rotated, err := clients(a).RotateApiClientSecret(ctx, &cpv1.RotateApiClientSecretRequest{
		ClientId: id, ClientSecret: r.GetClientSecret(), Overlap: durationpb.New(0), RequestId: r.GetRequestId(),
	})
	return &cpv1.RotateClientSecretResponse{ClientId: id, ClientSecret: rotated.GetClientSecret()}, err
}
