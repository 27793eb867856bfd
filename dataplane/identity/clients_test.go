package identity_test

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// firm is a node's identity service over the account ACME, whose clients the test says.
type firm struct {
	t       *testing.T
	db      *store.DB
	state   *desired.State
	service *identity.Service
	account tenancy.Scope
	version uint64
}

func newFirm(t *testing.T) *firm {
	t.Helper()
	db := storetest.Open(t, dbtest.Template(t, "clients", storetest.Migrate), store.Options{})
	state, err := desired.Open("")
	require.NoError(t, err)
	hasher := password.NewHasher(password.Params{MemoryKiB: 8, Passes: 1, Lanes: 1}, 2)
	hash, err := hasher.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	_, err = provision.New(db, provision.NewBudget(func() time.Duration { return 0 }), nil).PrepareAccount(t.Context(), &nodev1.PrepareAccountRequest{
		Account: "ACME", AdminUsername: "ann", AdminPasswordHash: []byte(hash), AdminEmail: "a@example.com", ApiUsername: "api@ACME",
	})
	require.NoError(t, err)
	service, err := identity.New(t.Context(), db, state, hasher, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	return &firm{t: t, db: db, state: state, service: service, account: scope}
}

// has has the control plane say that the account has these clients.
func (f *firm) has(clients ...*nodev1.ApiClient) {
	f.t.Helper()
	f.version++
	for _, c := range clients {
		c.Version = f.version
	}
	f.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: f.version, Resource: &nodev1.Resource{
		Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACME", State: "ACTIVE", Clients: clients}},
	}}}})
}

func (f *firm) asks(client, secret string, more ...string) (identity.TokenAnswer, error) {
	r := identity.TokenRequest{GrantType: "client_credentials", ClientID: client, ClientSecret: secret}
	if len(more) == 1 {
		r.GrantType, r.RefreshToken = "refresh_token", more[0]
	}
	if len(more) == 2 {
		r.GrantType, r.Username, r.Password = "password", more[0], more[1]
	}
	return f.service.Token(f.t.Context(), r)
}

func (f *firm) must(client, secret string, more ...string) identity.TokenAnswer {
	f.t.Helper()
	answer, err := f.asks(client, secret, more...)
	require.NoError(f.t, err)
	return answer
}

func (f *firm) who(raw string) (*tenant.Principal, error) {
	return f.service.Authenticate(f.t.Context(), raw, "")
}

func (f *firm) refused(raw, reason string) {
	f.t.Helper()
	_, err := f.who(raw)
	require.True(f.t, fault.Is(err, fault.Unauthenticated), "%v", err)
	require.Equal(f.t, reason, fault.Of(err).Meta["reason"])
}

func sum(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

func secrets(of ...string) []*nodev1.ApiSecret {
	var out []*nodev1.ApiSecret
	for _, s := range of {
		out = append(out, &nodev1.ApiSecret{Hash: sum(s)})
	}
	return out
}

func role(name, kind, id string) []*nodev1.ApiRole {
	return []*nodev1.ApiRole{{Role: name, Contexts: []*nodev1.ApiContext{{Type: kind, Id: id}}}}
}

func old() *nodev1.ApiClient {
	return &nodev1.ApiClient{ClientId: "ACME", SecretHash: sum("old"), RefreshTokens: true}
}

func erp(roles []*nodev1.ApiRole, s ...*nodev1.ApiSecret) *nodev1.ApiClient {
	return &nodev1.ApiClient{ClientId: "ACME-erp", Secrets: s, Roles: roles, RefreshTokens: true, Generation: 7}
}

// TestAClientActsInItsRoles and in no others, from the moment at which the node hears of them, in tokens of before, too.
func TestAClientActsInItsRoles(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.has(old(), erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("one")...))
	answer := f.must("ACME-erp", "one")
	require.Equal(t, []string{"INTEGRATION"}, answer.Roles)
	p, err := f.who(answer.AccessToken)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME-erp", "ACME-erp"}, []string{p.Client, p.Username})
	require.NoError(t, p.Can("ORDER_CREATE", 1))
	for _, permission := range []string{"WORKFLOW_UPDATE", "SETTING_UPDATE", "USER_UPDATE", "ROLE_UPDATE", "APICLIENT_CREATE", "RETAILER_CREATE"} {
		missing := p.Can(permission, 1)
		require.True(t, fault.Is(missing, fault.Forbidden), permission)
		require.Equal(t, permission, fault.Of(missing).Meta["permission"])
		require.Contains(t, missing.Error(), permission, "a refusal names what is missing")
	}

	f.has(old(), erp(role("IMPLEMENTER", "RETAILER", "2"), secrets("one")...))
	p, err = f.who(answer.AccessToken)
	require.NoError(t, err)
	require.Error(t, p.Can("ORDER_CREATE", 2), "the token has lost what its client has lost")
	for _, permission := range []string{"WORKFLOW_UPDATE", "WORKFLOW_CREATE", "LOCATION_CREATE", "SETTING_UPDATE", "NETWORK_UPDATE"} {
		require.NoError(t, p.Can(permission, 2))
		require.Error(t, p.Can(permission, 1), "elsewhere")
	}
	again, err := f.service.Principal(t.Context(), "ACME", p.Caller())
	require.NoError(t, err)
	require.NoError(t, again.Can("WORKFLOW_UPDATE", 2), "work in its name is done in its roles")
	require.Error(t, again.Can("USER_UPDATE", 0), "and not in those of the user whose id it goes by")

	f.has(old())
	f.refused(answer.AccessToken, "CLIENT_CLOSED")
	gone, err := f.service.Principal(t.Context(), "ACME", p.Caller())
	require.NoError(t, err)
	require.Nil(t, gone)
	_, err = f.asks("ACME-erp", "one")
	require.Equal(t, "invalid_client", fault.Of(err).Meta["oauth"])
}

func TestTwoSecretsOverlap(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	past, future := time.Now().Unix(), time.Now().Add(time.Hour).Unix()
	f.has(erp(role("INTEGRATION", "ACCOUNT", "0"), &nodev1.ApiSecret{Hash: sum("one"), EndTime: future}, &nodev1.ApiSecret{Hash: sum("two")}))
	first, second := f.must("ACME-erp", "one"), f.must("ACME-erp", "two")
	ann := f.must("ACME-erp", "one", "ann", "correct horse battery")
	f.has(erp(role("INTEGRATION", "ACCOUNT", "0"), &nodev1.ApiSecret{Hash: sum("one"), EndTime: past}, &nodev1.ApiSecret{Hash: sum("two")}))
	_, err := f.asks("ACME-erp", "one")
	require.Equal(t, "invalid_client", fault.Of(err).Meta["oauth"], "the old secret has ended")
	f.must("ACME-erp", "two")
	for _, raw := range []string{first.AccessToken, second.AccessToken, ann.AccessToken} {
		_, err := f.who(raw)
		require.NoError(t, err, "tokens go on")
	}

	at := erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("three")...)
	at.Generation++ // as when the control plane is told of no overlap
	f.has(at)
	f.refused(first.AccessToken, "SECRET_REPLACED")
	f.refused(second.AccessToken, "SECRET_REPLACED")
	_, err = f.asks("ACME-erp", "three", first.RefreshToken)
	require.Equal(t, "invalid_grant", fault.Of(err).Meta["oauth"])
	_, err = f.who(ann.AccessToken)
	require.NoError(t, err, "who has a password is not touched by the client's secret")
	_, err = f.who(f.must("ACME-erp", "three").AccessToken)
	require.NoError(t, err)
}

func TestARevokedClientTakesAllItsTokensAlong(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.has(old(), erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("one")...))
	ann, herself := f.must("ACME-erp", "one", "ann", "correct horse battery"), f.must("ACME", "old", "ann", "correct horse battery")
	p, err := f.who(ann.AccessToken)
	require.NoError(t, err)
	require.NoError(t, p.Can("USER_UPDATE", 0), "by her password a user keeps her own rights")
	f.has(old())
	f.refused(ann.AccessToken, "CLIENT_CLOSED")
	_, err = f.asks("ACME", "old", ann.RefreshToken)
	require.Equal(t, "invalid_grant", fault.Of(err).Meta["oauth"], "nor does another client refresh it")
	_, err = f.who(herself.AccessToken)
	require.NoError(t, err)
}

func TestClientsExpire(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	c := erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("one")...)
	c.ExpireTime = time.Now().Add(time.Hour).Unix()
	f.has(c)
	answer := f.must("ACME-erp", "one")
	require.LessOrEqual(t, answer.ExpiresIn, 3600, "a token says no longer than its client lives")
	require.Greater(t, answer.ExpiresIn, 3000)
	c = erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("one")...)
	c.ExpireTime = time.Now().Unix()
	f.has(c)
	f.refused(answer.AccessToken, "CLIENT_CLOSED")
	_, err := f.asks("ACME-erp", "one")
	require.Equal(t, "invalid_client", fault.Of(err).Meta["oauth"])
}

// TestClientsOfOldGoOnUntilTheyAreNarrowed: their tokens, which name no client, act as the account's API user, and then in the roles that the
// client was narrowed to.
func TestClientsOfOldGoOnUntilTheyAreNarrowed(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.has(old())
	answer := f.must("ACME", "old")
	require.Equal(t, []string{"ADMIN"}, answer.Roles)
	tokens := map[string]string{"of this release": answer.AccessToken, "of the one before": f.unnamed("api@ACME")}
	for name, raw := range tokens {
		p, err := f.who(raw)
		require.NoError(t, err, name)
		require.NoError(t, p.Can("USER_UPDATE", 0), name)
		require.Equal(t, "api@ACME", p.Username)
	}
	ann := f.unnamed("ann")

	f.has(&nodev1.ApiClient{ClientId: "ACME", Secrets: secrets("old"), Roles: role("INTEGRATION", "ACCOUNT", "0")})
	for name, raw := range tokens {
		p, err := f.who(raw)
		require.NoError(t, err, name)
		require.Error(t, p.Can("USER_UPDATE", 0), name)
		require.NoError(t, p.Can("ORDER_CREATE", 1), name)
	}
	p, err := f.who(ann)
	require.NoError(t, err)
	require.NoError(t, p.Can("USER_UPDATE", 0), "a user with a password was never the client")

	f.has(&nodev1.ApiClient{ClientId: "ACME", Secrets: secrets("new"), Roles: role("INTEGRATION", "ACCOUNT", "0"), Generation: 99})
	for _, raw := range tokens {
		f.refused(raw, "SECRET_REPLACED")
	}
	f.has(erp(role("ADMIN", "ACCOUNT", "0"), secrets("x")...))
	f.refused(ann, "CLIENT_CLOSED")
}

// unnamed is a token as the release before gave it to a user: it names no client.
func (f *firm) unnamed(username string) string {
	f.t.Helper()
	keys, err := access.EnsureKey(f.t.Context(), f.db, time.Now(), func() (access.Key, error) { return access.Key{}, errors.New("there is one") })
	require.NoError(f.t, err)
	signer, err := token.NewSigner(keys[len(keys)-1].Private)
	require.NoError(f.t, err)
	user, err := f.db.Reader(f.account).PrincipalByUsername(f.t.Context(), username)
	require.NoError(f.t, err)
	raw, _, err := token.NewIssuer("fluent", signer, time.Now).Tenant(token.Tenant{Account: "ACME", UserID: string(user.User.ID)}, time.Hour)
	require.NoError(f.t, err)
	return raw
}

// TestRolesThatAnAccountLacks: stock ones are there before a client or a user is let in, others refuse the client.
func TestRolesThatAnAccountLacks(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	typ := store.TypeOf[security.Role](f.db)
	var api catalogue.ID
	require.NoError(t, f.db.Write(t.Context(), f.account, func(tx *store.Tx) error { // as in an account that is older than the role
		found, err := tx.ByKey(t.Context(), typ, store.Key{"IMPLEMENTER"}, store.Key{"INTEGRATION"})
		if err != nil {
			return err
		}
		tx.Delete(typ, found[0].(*security.Role).ID)
		user, err := tx.ByKey(t.Context(), store.TypeOf[security.User](f.db), store.Key{"api@ACME"})
		if err != nil {
			return err
		}
		older := user[0].(*security.User)
		api = older.ID
		older.Roles = []security.UserRole{{RoleID: found[1].(*security.Role).ID, Contexts: []security.RoleContext{{ContextType: "ACCOUNT", ContextID: "0"}}}}
		tx.Update(older)
		integration := found[1].(*security.Role)
		integration.Permissions = slices.DeleteFunc(integration.Permissions, func(p security.Permission) bool { return p.Name == "WAVE_VIEW" })
		tx.Update(integration)
		access.KeepStockRoles(tx, map[string][]string{"INTEGRATION": {"ORDER_VIEW"}, "IMPLEMENTER": nil})
		return nil
	}))
	f.has(erp(role("IMPLEMENTER", "ACCOUNT", "0"), secrets("one")...))
	user, err := f.service.Principal(t.Context(), "ACME", string(api))
	require.NoError(t, err)
	require.NoError(t, user.Can("WAVE_VIEW", 1), "of a type that came with this build")
	p, err := f.who(f.must("ACME-erp", "one").AccessToken)
	require.NoError(t, err)
	require.NoError(t, p.Can("WORKFLOW_UPDATE", 1))

	f.has(erp(role("INVENTED", "ACCOUNT", "0"), secrets("one")...))
	_, err = f.asks("ACME-erp", "one")
	require.Equal(t, "invalid_grant", fault.Of(err).Meta["oauth"])
	require.Contains(t, err.Error(), "INVENTED")
	id, err := f.db.NewID(t.Context(), f.account, typ)
	require.NoError(t, err)
	require.NoError(t, f.db.Write(t.Context(), f.account, func(tx *store.Tx) error {
		tx.Insert(&security.Role{Row: catalogue.Row{ID: id}, Name: "INVENTED", Permissions: []security.Permission{{Name: "ORDER_VIEW"}}})
		return nil
	}))
	p, err = f.who(f.must("ACME-erp", "one").AccessToken)
	require.NoError(t, err)
	require.NoError(t, p.Can("ORDER_VIEW", 1))
	require.Error(t, p.Can("ORDER_UPDATE", 1))
}

// TestAPlaceThatIsNotThereGivesNothingAndCountsAsAll: a role at a location that is made later may not be given by who has less than the account.
func TestAPlaceThatIsNotThereGivesNothingAndCountsAsAll(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	theirs, missing, err := f.service.Granting(t.Context(), "ACME", role("ADMIN", "AGENT", "4711"))
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Error(t, theirs.CanSomewhere("ORDER_VIEW"))
	of := func(at tenant.Context) *tenant.Principal {
		return tenant.New(tenant.Identity{Account: "ACME"}, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{at}})
	}
	require.Error(t, of(tenant.Context{Type: tenant.RetailerContext, ID: "1", Retailer: 1}).InCharge(theirs, "USER_UPDATE"))
	require.NoError(t, of(tenant.Context{Type: tenant.AccountContext, ID: "0"}).InCharge(theirs, "USER_UPDATE"))
}

func TestTokensAreEndedByTheirOwnClientOnly(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.has(old(), erp(role("INTEGRATION", "ACCOUNT", "0"), secrets("one")...))
	mine := f.must("ACME", "old").AccessToken
	err := f.service.Revoke(t.Context(), identity.RevokeRequest{Token: mine, ClientID: "ACME-erp", ClientSecret: "one"})
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	_, err = f.who(mine)
	require.NoError(t, err)
	require.NoError(t, f.service.Revoke(t.Context(), identity.RevokeRequest{Token: mine, ClientID: "ACME", ClientSecret: "old"}))
	f.refused(mine, "TOKEN_REVOKED")
}
