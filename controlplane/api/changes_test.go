package api_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func (d *desk) record(account string) *statev1.AccountRecord {
	record, _ := state.Accounts.Get(d.store.View(), account)
	return record
}

// TestAnAccountIsMadeOfWhatIsSaid makes one of which only the name is said, one of which all is, and none in a dry run.
func TestAnAccountIsMadeOfWhatIsSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	accounts := cpc.NewAccountServiceClient(d.root())
	passwords := password.NewHasher(password.Standard(), 1)
	right := func(hash, given string) bool {
		ok, err := passwords.Verify(t.Context(), hash, given)
		require.NoError(t, err)
		return ok
	}
	hashOf := func(secret string) []byte { sum := sha256.Sum256([]byte(secret)); return sum[:] }

	dry, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "ACME"}, ValidateOnly: true, RequestId: "acme"})
	require.NoError(t, err)
	require.Nil(t, dry.GetCredentials())
	require.Nil(t, d.record("ACME"))
	request := &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "ACME"}, RequestId: "acme"}
	made, err := accounts.CreateAccount(t.Context(), request)
	require.NoError(t, err)
	secrets, record := made.GetCredentials(), d.record("ACME")
	require.Equal(t, []string{"admin@acme", "ACME"}, []string{secrets.GetUsername(), secrets.GetClientId()})
	require.Equal(t, "admin@acme", record.GetAdministrator().GetUsername())
	require.True(t, right(record.GetAdministrator().GetPasswordHash(), secrets.GetPassword()))
	require.Len(t, secrets.GetPassword(), 32, "24 bytes of randomness")
	require.Len(t, secrets.GetClientSecret(), 32)
	require.NotEqual(t, secrets.GetPassword(), secrets.GetClientSecret())
	require.Equal(t, hashOf(secrets.GetClientSecret()), record.GetSecrets()[0].GetHash())
	require.Equal(t, "ACME", record.GetAccount().GetDisplayName())
	first, _ := state.Retailers.Get(d.store.View(), state.RetailerKey("ACME", 1))
	require.Equal(t, []string{"ACME", "ACME", "Australia/Sydney", "AUD"}, []string{first.GetRef(), first.GetTradingName(), first.GetTimeZone(), first.GetCurrency()})
	client := record.GetAccount().GetClients()[0]
	require.Equal(t, []any{"INTEGRATION", "ACCOUNT", "0"}, []any{client.GetRoles()[0].GetRole(), client.GetRoles()[0].GetContexts()[0].GetType(), client.GetRoles()[0].GetContexts()[0].GetId()})
	again, err := accounts.CreateAccount(t.Context(), request)
	require.NoError(t, err)
	require.Nil(t, again.GetCredentials(), "these were not used")
	require.Equal(t, made.GetOperation().GetId(), again.GetOperation().GetId())

	made, err = accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{
		Account:       &cpv1.Account{Name: "BETA", DisplayName: "Beta", Region: "here", Environment: "shared", Hosts: []string{"beta.example"}, Quotas: map[string]int64{"page": 70}},
		Administrator: &cpv1.Administrator{Username: "ann", Email: "ann@beta.example", Password: "correct horse"}, ClientSecret: "a secret of one's own choice",
		FirstRetailer: &cpv1.Retailer{Ref: "B1", TradingName: "Beta One", TimeZone: "Europe/Berlin", Currency: "EUR"},
		ClientRoles:   []*cpv1.ClientRole{{Role: "ADMIN", Contexts: []*cpv1.ClientContext{{Type: "ACCOUNT", Id: "0"}}}},
	})
	require.NoError(t, err)
	secrets, record = made.GetCredentials(), d.record("BETA")
	require.Equal(t, []string{"ann", "correct horse", "a secret of one's own choice"}, []string{secrets.GetUsername(), secrets.GetPassword(), secrets.GetClientSecret()})
	require.True(t, right(record.GetAdministrator().GetPasswordHash(), "correct horse"))
	require.Contains(t, record.GetAdministrator().GetPasswordHash(), "m=8,", "a password that somebody chose costs what passwords cost")
	require.Equal(t, "ann@beta.example", record.GetAdministrator().GetEmail())
	require.Equal(t, hashOf("a secret of one's own choice"), record.GetSecrets()[0].GetHash())
	a := record.GetAccount()
	require.Equal(t, []any{"Beta", "here", "shared", []string{"beta.example"}, int64(70)}, []any{a.GetDisplayName(), a.GetRegion(), a.GetEnvironment(), a.GetHosts(), a.GetQuotas()["page"]})
	first, _ = state.Retailers.Get(d.store.View(), state.RetailerKey("BETA", 1))
	require.Equal(t, []string{"B1", "Beta One", "Europe/Berlin", "EUR"}, []string{first.GetRef(), first.GetTradingName(), first.GetTimeZone(), first.GetCurrency()})

	in := func(contexts ...*cpv1.ClientContext) []*cpv1.ClientRole {
		return []*cpv1.ClientRole{{Role: "ADMIN", Contexts: contexts}}
	}
	for name, roles := range map[string][]*cpv1.ClientRole{
		"a retailer": in(&cpv1.ClientContext{Type: "RETAILER", Id: "1"}),
		"two places": in(&cpv1.ClientContext{Type: "ACCOUNT", Id: "0"}, &cpv1.ClientContext{Type: "RETAILER", Id: "1"}),
		"no role":    {{Role: "CLERK"}},
		"one of two": {{Role: "ADMIN"}, {Role: "CLERK"}},
	} {
		_, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "GAMMA"}, ClientRoles: roles})
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%s: %v", name, err)
	}
}

// TestAHostNameIsOneAccountsInAnySpelling: gateways compare names in small letters and without the root's dot.
func TestAHostNameIsOneAccountsInAnySpelling(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	accounts := cpc.NewAccountServiceClient(d.root())
	create := func(name string, hosts ...string) error {
		_, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: name, Hosts: hosts}})
		return err
	}
	update := func(name string, hosts ...string) error {
		_, err := accounts.UpdateAccount(t.Context(), &cpv1.UpdateAccountRequest{
			Account: &cpv1.Account{Name: name, Hosts: hosts}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"hosts"}},
		})
		return err
	}
	require.NoError(t, create("ACME", "Shop.example"))
	require.NoError(t, create("BETA"))
	for _, spelling := range []string{"shop.example", "Shop.example", "SHOP.EXAMPLE", "shop.example."} {
		require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(create("GAMMA", spelling)), spelling)
		require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(update("BETA", spelling)), spelling)
	}
	require.NoError(t, update("ACME", "SHOP.example", "Other.example"))
	require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(update("BETA", "other.example")))
	require.Equal(t, []string{"shop.example", "other.example"}, d.record("ACME").GetAccount().GetHosts())
}

// TestARequestIdIsOfOneRequest repeats requests with another secret, which is the same request, and with something else changed, which is not.
func TestARequestIdIsOfOneRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	environments := cpc.NewEnvironmentServiceClient(d.root())
	create := func(over *connect.Client, display, password string) (*cpv1.CreateEnvironmentResponse, error) {
		return cpc.NewEnvironmentServiceClient(over).CreateEnvironment(t.Context(), &cpv1.CreateEnvironmentRequest{RequestId: "one", Environment: &cpv1.Environment{
			Name: "e1", Region: "here", DisplayName: display, DatabaseUrl: "postgres://u:" + password + "@db:5432/e1",
		}})
	}
	made, err := create(d.root(), "One", "first")
	require.NoError(t, err)
	require.Equal(t, "postgres://u:xxxxx@db:5432/e1", made.GetEnvironment().GetDatabaseUrl())
	require.Equal(t, []any{cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED, cpv1.NodeDriver_NODE_DRIVER_STATIC}, []any{made.GetEnvironment().GetKind(), made.GetEnvironment().GetDriver()})
	index := d.store.View().Index()
	again, err := create(d.root(), "One", "second")
	require.NoError(t, err, "secrets are no part of what a request is known by")
	require.Equal(t, made.GetEnvironment().GetEtag(), again.GetEnvironment().GetEtag())
	require.Equal(t, index+1, d.store.View().Index())
	stored, _ := state.Environments.Get(d.store.View(), "e1")
	require.Equal(t, "postgres://u:first@db:5432/e1", stored.GetDatabaseUrl())
	_, err = create(d.root(), "Two", "first")
	require.Equal(t, connect.CodeAborted, connect.CodeOf(err))
	_, err = create(d.operator("rita", &cpv1.RoleBinding{Role: auth.PlatformAdministrator}), "One", "first")
	require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(err), "another caller's ids are another's")

	// What an answer showed in the password's place may be sent back; whatever else is sent must be an address.
	update := func(url string, paths ...string) error {
		_, err := environments.UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
			Environment: &cpv1.Environment{Name: "e1", DatabaseUrl: url}, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		})
		return err
	}
	url := func() string {
		stored, _ := state.Environments.Get(d.store.View(), "e1")
		return stored.GetDatabaseUrl()
	}
	require.NoError(t, update("postgres://u:xxxxx@db:5432/e1", "database_url"))
	require.Equal(t, "postgres://u:first@db:5432/e1", url())
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(update("postgres://u:a@b@db:5432/e1", "database_url")))
	require.NoError(t, update("postgres://u:third@db:5432/e1", "database_url"))
	require.Equal(t, "postgres://u:third@db:5432/e1", url())
	require.NoError(t, update("", "database_url"))
	require.Empty(t, url())
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(update("", "display_name", "accounts")))
}

// TestChangesAreMadeOnWhatIsThere has somebody else change a thing between the look at it and the change, once and for ever, for callers who
// insist on what they saw and others.
func TestChangesAreMadeOnWhatIsThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	d.do(&statev1.PutOperator{Operator: &cpv1.Operator{Username: "otto"}, PasswordHash: "h"})
	over := d.root()
	things := map[string]struct {
		kind   statev1.Kind
		etag   func() string
		other  func() // changes it
		update func(etag string) error
	}{
		"region": {statev1.Kind_KIND_PUT_REGION, func() string { r, _ := state.Regions.Get(d.store.View(), "here"); return r.GetEtag() }, func() {
			r, _ := state.Regions.Get(d.store.View(), "here")
			d.do(&statev1.PutRegion{Region: &cpv1.Region{Name: "here", Country: "NZ"}, Etag: r.GetEtag()})
		}, func(etag string) error {
			_, err := cpc.NewRegionServiceClient(over).UpdateRegion(t.Context(), &cpv1.UpdateRegionRequest{Region: &cpv1.Region{Name: "here", DisplayName: "x", Etag: etag}})
			return err
		}},
		"environment": {statev1.Kind_KIND_PUT_ENVIRONMENT, func() string { e, _ := state.Environments.Get(d.store.View(), "shared"); return e.GetEtag() }, func() {
			e, _ := state.Environments.Get(d.store.View(), "shared")
			d.do(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "shared", Region: "here", Release: "r9"}, Etag: e.GetEtag()})
		}, func(etag string) error {
			_, err := cpc.NewEnvironmentServiceClient(over).UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{Environment: &cpv1.Environment{Name: "shared", DisplayName: "x", Etag: etag}})
			return err
		}},
		"operator": {statev1.Kind_KIND_PUT_OPERATOR, func() string { o, _ := state.Operators.Get(d.store.View(), "otto"); return o.GetOperator().GetEtag() }, func() {
			o, _ := state.Operators.Get(d.store.View(), "otto")
			d.do(&statev1.PutOperator{Operator: &cpv1.Operator{Username: "otto"}, Etag: o.GetOperator().GetEtag()})
		}, func(etag string) error {
			_, err := cpc.NewAuthServiceClient(over).UpdateOperator(t.Context(), &cpv1.UpdateOperatorRequest{Operator: &cpv1.Operator{Username: "otto", DisplayName: "x", Etag: etag}})
			return err
		}},
		"retailer": {statev1.Kind_KIND_UPDATE_RETAILER, func() string {
			r, _ := state.Retailers.Get(d.store.View(), state.RetailerKey("ACME", 1))
			return r.GetEtag()
		}, func() {
			d.do(&statev1.UpdateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Number: 1, Currency: "EUR"}})
		}, func(etag string) error {
			_, err := cpc.NewRetailerServiceClient(over).UpdateRetailer(t.Context(), &cpv1.UpdateRetailerRequest{Retailer: &cpv1.Retailer{Account: "ACME", Number: 1, TradingName: "x", Etag: etag}})
			return err
		}},
		"client": {statev1.Kind_KIND_UPDATE_API_CLIENT, func() string { _, c, _ := state.ClientRecord(d.store.View(), "ACME"); return c.GetEtag() }, func() {
			d.do(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME", Roles: acting("ADMIN")}})
		}, func(etag string) error {
			_, err := cpc.NewApiClientServiceClient(over).UpdateApiClient(t.Context(), &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME", Description: "x", Etag: etag}})
			return err
		}},
	}
	for name, thing := range things {
		// tries counts the commands of a caller whom somebody else overtakes for so many times.
		tries := func(overtaken int, etag string) (int, error) {
			count, nested := 0, false
			d.beforeCommands(func(c *statev1.Command) {
				if c.GetKind() != thing.kind || nested {
					return
				}
				if count++; count <= overtaken {
					nested = true
					thing.other()
					nested = false
				}
			})
			defer d.beforeCommands(nil)
			err := thing.update(etag)
			return count, err
		}
		count, err := tries(4, "")
		require.NoError(t, err, name)
		require.Equal(t, 5, count, name)
		count, err = tries(100, "")
		require.Equal(t, connect.CodeAborted, connect.CodeOf(err), name)
		require.Equal(t, 5, count, "%s: it is not tried for ever", name)
		count, err = tries(1, thing.etag())
		require.Equal(t, connect.CodeAborted, connect.CodeOf(err), name)
		require.Equal(t, 1, count, "%s: who says what he saw is told that it has changed", name)
		count, err = tries(0, thing.etag())
		require.NoError(t, err, name)
		require.Equal(t, 1, count, name)
	}
	r, _ := state.Regions.Get(d.store.View(), "here")
	require.Equal(t, []string{"NZ", "x"}, []string{r.GetCountry(), r.GetDisplayName()}, "both changes are there")
	retailer, _ := state.Retailers.Get(d.store.View(), state.RetailerKey("ACME", 1))
	require.Equal(t, []string{"EUR", "x"}, []string{retailer.GetCurrency(), retailer.GetTradingName()})
	_, client, _ := state.ClientRecord(d.store.View(), "ACME")
	require.Equal(t, []string{"ADMIN", "x"}, []string{client.GetRoles()[0].GetRole(), client.GetDescription()})
}

// TestSecretsGoOnForAsLongAsIsSaid rotates without saying for how long the secret before is to be good, and for no time.
func TestSecretsGoOnForAsLongAsIsSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	clients := cpc.NewApiClientServiceClient(d.root())
	ends := func() (out []time.Duration) {
		for _, s := range d.record("ACME").GetSecrets() {
			if s.GetEndTime() == nil {
				out = append(out, -1)
				continue
			}
			out = append(out, s.GetEndTime().AsTime().Sub(d.now()))
		}
		return out
	}
	request := &cpv1.RotateApiClientSecretRequest{ClientId: "ACME", RequestId: "one"}
	made, err := clients.RotateApiClientSecret(t.Context(), request)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(made.GetClientSecret()))
	require.Equal(t, sum[:], d.record("ACME").GetSecrets()[1].GetHash())
	require.Equal(t, []time.Duration{24 * time.Hour, -1}, ends(), "a day, when nothing is said")
	again, err := clients.RotateApiClientSecret(t.Context(), request)
	require.NoError(t, err)
	require.Empty(t, again.GetClientSecret(), "this one was not used")
	d.ahead.Store(int64(24 * time.Hour))
	clients = cpc.NewApiClientServiceClient(d.root()) // the session before has ended
	_, err = clients.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME", Overlap: durationpb.New(90 * 24 * time.Hour)})
	require.NoError(t, err, "ninety days are the most")
	require.Equal(t, []time.Duration{90 * 24 * time.Hour, -1}, ends())
	_, err = clients.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME", Overlap: durationpb.New(0)})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{-1}, ends())

	old, err := cpc.NewAccountServiceClient(d.root()).RotateClientSecret(t.Context(), &cpv1.RotateClientSecretRequest{Account: "ACME"})
	require.NoError(t, err)
	require.Equal(t, "ACME", old.GetClientId(), "the account's first, where none is named")
	require.Equal(t, []time.Duration{-1}, ends())
	dry, err := clients.CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: acting("ADMIN")}, ValidateOnly: true})
	require.NoError(t, err)
	require.Empty(t, dry.GetClientSecret())
	require.Len(t, d.record("ACME").GetSecrets(), 1)
}

// TestASessionIsOfThePresentPasswordAndRoles: a token of before another password, or of an operator who is no more, opens nothing, and one gives
// what its operator may now.
func TestASessionIsOfThePresentPasswordAndRoles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	line := d.operator("rita", &cpv1.RoleBinding{Role: auth.SupportReadOnly})
	read := func(over *connect.Client) connect.Code {
		_, err := cpc.NewEnvironmentServiceClient(over).GetEnvironment(t.Context(), &cpv1.GetEnvironmentRequest{Name: "shared"})
		if err == nil {
			return 0
		}
		return connect.CodeOf(err)
	}
	require.Zero(t, read(line))
	put := func(o *cpv1.Operator) {
		now, _ := state.Operators.Get(d.store.View(), "rita")
		o.Username = "rita"
		d.do(&statev1.PutOperator{Operator: o, Etag: now.GetOperator().GetEtag()})
	}
	put(&cpv1.Operator{Bindings: []*cpv1.RoleBinding{{Role: auth.RegionOperator, Regions: []string{"there"}}}})
	require.Equal(t, connect.CodePermissionDenied, read(line), "the roles are those of now")
	put(&cpv1.Operator{Bindings: []*cpv1.RoleBinding{{Role: auth.RegionOperator, Regions: []string{"here"}}}, Disabled: true})
	require.Equal(t, connect.CodeUnauthenticated, read(line))
	put(&cpv1.Operator{Bindings: []*cpv1.RoleBinding{{Role: auth.RegionOperator, Regions: []string{"here"}}}})
	require.Zero(t, read(line))
	d.do(&statev1.SetPassword{Username: "rita", PasswordHash: "another"})
	require.Equal(t, connect.CodeUnauthenticated, read(line), "it was begun under another password")
	require.Zero(t, read(d.signedIn("rita", "another")))
	require.Equal(t, connect.CodeUnauthenticated, read(d.signedIn("nobody", "hash")))
	require.Equal(t, connect.CodeUnauthenticated, read(d.stranger()))
	old := d.signedIn("rita", "another")
	d.ahead.Store(int64(time.Hour - time.Second))
	require.Zero(t, read(old))
	d.ahead.Store(int64(time.Hour + 2*time.Minute))
	require.Equal(t, connect.CodeUnauthenticated, read(old), "its time is over")
}

// TestANewKeyIsKnownBeforeItSigns: ten seconds, so that every verifier has it by then.
func TestANewKeyIsKnownBeforeItSigns(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	made, err := cpc.NewAuthServiceClient(d.root()).RotateKey(t.Context(), &cpv1.RotateKeyRequest{})
	require.NoError(t, err)
	require.Equal(t, d.now().Add(10*time.Second).UTC(), made.GetKey().GetActiveTime().AsTime())
	known, err := cpc.NewAuthServiceClient(d.stranger()).GetKeys(t.Context(), &cpv1.GetKeysRequest{})
	require.NoError(t, err)
	require.Len(t, known.GetKeys(), 2)
	kept, _ := state.SigningKeys.Get(d.store.View(), made.GetKey().GetKeyId())
	require.Equal(t, kept.GetPublic(), made.GetKey().GetEd25519())
}

// TestAServerSaysWhetherToAskIt: it does not while it is deaf, and not before there is a cluster.
func TestAServerSaysWhetherToAskIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ask := func() (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/readyz", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, strings.TrimSpace(string(text))
	}
	health := func() string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/grpc.health.v1.Health/Check", strings.NewReader("{}"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return string(text)
	}
	status, text := ask()
	require.Equal(t, []any{http.StatusOK, "ready"}, []any{status, text})
	require.Contains(t, health(), `"SERVING"`)
	d.deaf.Store("it does not hear itself")
	status, text = ask()
	require.Equal(t, []any{http.StatusServiceUnavailable, "it does not hear itself"}, []any{status, text})
	require.Contains(t, health(), `"NOT_SERVING"`)
}

// TestWaitingEndsWithTheOperation, or with the time, and shows it as it is then.
func TestWaitingEndsWithTheOperation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	id := d.account("ACME", "shared")
	service := cpc.NewOperationServiceClient(d.root())
	wait := func(ctx context.Context, most time.Duration) (*cpv1.Operation, error) {
		out, err := service.WaitOperation(ctx, &cpv1.WaitOperationRequest{Id: id, Timeout: durationpb.New(most)})
		return out.GetOperation(), err
	}
	o, err := wait(t.Context(), time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_RUNNING, o.GetState())
	stream, err := service.WatchOperation(t.Context(), &cpv1.WatchOperationRequest{Id: id})
	require.NoError(t, err)
	defer stream.Close()
	seen := func() *cpv1.Operation {
		frame, err := stream.Receive()
		require.NoError(t, err)
		return frame.GetOperation()
	}
	require.Equal(t, "place", state.CurrentStep(seen()).GetName())
	d.do(&statev1.PlaceAccount{Operation: id, Environment: "shared"})
	require.Equal(t, "prepare_account", state.CurrentStep(seen()).GetName())
	d.do(&statev1.FinishOperation{Operation: id, Error: &cpv1.OperationError{Code: "X"}})
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_FAILED, seen().GetState())
	_, err = stream.Receive()
	require.ErrorIs(t, err, io.EOF, "nothing more comes")
	o, err = wait(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, "X", o.GetError().GetCode())
	_, err = service.WaitOperation(t.Context(), &cpv1.WaitOperationRequest{Id: "op-none"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
}

// TestWhatCannotBeReadIsAnError has a change meet tables that cannot be read. The caller hears of it, and the next call is answered.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	regions := cpc.NewRegionServiceClient(d.root())
	d.beforeCommands(func(*statev1.Command) { panic(state.Unreadable{Table: "regions", Err: errors.New("no such index")}) })
	_, err := regions.CreateRegion(t.Context(), &cpv1.CreateRegionRequest{Region: &cpv1.Region{Name: "here"}})
	require.Equal(t, connect.CodeInternal, connect.CodeOf(err), "%v", err)
	require.NotContains(t, err.Error(), "no such index")
	d.beforeCommands(nil)
	_, err = regions.CreateRegion(t.Context(), &cpv1.CreateRegionRequest{Region: &cpv1.Region{Name: "here"}})
	require.NoError(t, err)
}
