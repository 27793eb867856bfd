package cli_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// fake is a control plane in memory, as far as the command line looks at it.
type fake struct {
	controlplanev1connect.UnimplementedAuthServiceHandler
	controlplanev1connect.UnimplementedRegionServiceHandler
	controlplanev1connect.UnimplementedAccountServiceHandler
	controlplanev1connect.UnimplementedRetailerServiceHandler
	controlplanev1connect.UnimplementedOperationServiceHandler
	controlplanev1connect.UnimplementedApiClientServiceHandler
	controlplanev1connect.UnimplementedEnvironmentServiceHandler

	mu             sync.Mutex
	regions        map[string]*cpv1.Region
	accounts       map[string]*cpv1.Account
	retailers      []*cpv1.Retailer
	clients        []*cpv1.ApiClient
	overlap        time.Duration // of the last rotation
	mask           []string      // of the last update
	failOperations bool
}

func newFake() *fake {
	return &fake{regions: map[string]*cpv1.Region{}, accounts: map[string]*cpv1.Account{}}
}

func (f *fake) register(s *connect.Server) {
	controlplanev1connect.RegisterAuthServiceHandler(s, f)
	controlplanev1connect.RegisterRegionServiceHandler(s, f)
	controlplanev1connect.RegisterAccountServiceHandler(s, f)
	controlplanev1connect.RegisterRetailerServiceHandler(s, f)
	controlplanev1connect.RegisterOperationServiceHandler(s, f)
	controlplanev1connect.RegisterApiClientServiceHandler(s, f)
	controlplanev1connect.RegisterEnvironmentServiceHandler(s, f)
}

func (f *fake) authenticate(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		info, _ := connect.CallInfoForServerContext(ctx)
		if spec.Procedure != controlplanev1connect.AuthServiceLoginProcedure && info.RequestHeader().Get("Authorization") != "Bearer ann's token" {
			return connect.NewError(connect.CodeUnauthenticated, "The token is not valid.")
		}
		return next(ctx, spec, stream)
	}
}

func (f *fake) ChangePassword(_ context.Context, r *cpv1.ChangePasswordRequest) (*cpv1.ChangePasswordResponse, error) {
	return &cpv1.ChangePasswordResponse{AccessToken: "token of " + r.GetNewPassword(), ExpireTime: timestamppb.New(time.Now().Add(time.Hour))}, nil
}

func (f *fake) Login(_ context.Context, r *cpv1.LoginRequest) (*cpv1.LoginResponse, error) {
	if r.GetUsername() == "rita" && r.GetPassword() == "once" && r.GetNewPassword() == "" {
		err := connect.NewError(connect.CodeFailedPrecondition, "This password serves once.")
		detail, detailErr := connectproto.NewErrorDetail(&cpv1.Problem{Meta: map[string]string{"reason": "PASSWORD_CHANGE_REQUIRED"}})
		if detailErr != nil {
			return nil, detailErr
		}
		return nil, err.WithDetail(detail)
	}
	if r.GetUsername() == "rita" && r.GetPassword() == "once" && r.GetNewPassword() == "her own choice" {
		return &cpv1.LoginResponse{AccessToken: "ann's token", ExpireTime: timestamppb.New(time.Now().Add(time.Hour))}, nil
	}
	if r.GetUsername() != "ann" || r.GetPassword() != "correct horse" {
		return nil, connect.NewError(connect.CodeUnauthenticated, "Username or password is wrong.")
	}
	return &cpv1.LoginResponse{AccessToken: "ann's token", ExpireTime: timestamppb.New(time.Now().Add(time.Hour))}, nil
}

func (f *fake) WhoAmI(context.Context, *cpv1.WhoAmIRequest) (*cpv1.WhoAmIResponse, error) {
	roles := []*cpv1.RoleBinding{{Role: "implementer", Accounts: []string{"ACME"}}}
	return &cpv1.WhoAmIResponse{Operator: &cpv1.Operator{Username: "ann", Bindings: roles}, Permissions: []string{"account.get"}}, nil
}

func (f *fake) CreateRegion(_ context.Context, r *cpv1.CreateRegionRequest) (*cpv1.CreateRegionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.GetRegion().GetName()
	if f.regions[name] != nil {
		return nil, connect.Errorf(connect.CodeAlreadyExists, "Region %s exists.", name)
	}
	if r.GetRequestId() == "" {
		return nil, connect.NewError(connect.CodeInternal, "a mutation without a request id cannot be repeated")
	}
	f.regions[name] = r.GetRegion()
	return &cpv1.CreateRegionResponse{Region: r.GetRegion()}, nil
}

func (f *fake) GetRegion(_ context.Context, r *cpv1.GetRegionRequest) (*cpv1.GetRegionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.regions[r.GetName()] == nil {
		return nil, connect.Errorf(connect.CodeNotFound, "No region %s.", r.GetName())
	}
	return &cpv1.GetRegionResponse{Region: f.regions[r.GetName()]}, nil
}

func (f *fake) ListRegions(context.Context, *cpv1.ListRegionsRequest) (*cpv1.ListRegionsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	res := &cpv1.ListRegionsResponse{}
	for _, r := range f.regions {
		res.Regions = append(res.Regions, r)
	}
	return res, nil
}

func (f *fake) UpdateRegion(_ context.Context, r *cpv1.UpdateRegionRequest) (*cpv1.UpdateRegionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mask = r.GetUpdateMask().GetPaths()
	f.regions[r.GetRegion().GetName()] = r.GetRegion()
	return &cpv1.UpdateRegionResponse{Region: r.GetRegion()}, nil
}

func (f *fake) DeleteRegion(_ context.Context, r *cpv1.DeleteRegionRequest) (*cpv1.DeleteRegionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.regions, r.GetName())
	return &cpv1.DeleteRegionResponse{}, nil
}

func (f *fake) CreateAccount(_ context.Context, r *cpv1.CreateAccountRequest) (*cpv1.CreateAccountResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := r.GetAccount()
	a.Region, a.State = "r1", cpv1.AccountState_ACCOUNT_STATE_PROVISIONING
	a.Clients = []*cpv1.ApiClient{{ClientId: a.GetName(), Roles: r.GetClientRoles()}}
	f.accounts[a.GetName()] = a
	retailer := r.GetFirstRetailer()
	retailer.Account, retailer.Number = a.GetName(), 1
	f.retailers = append(f.retailers, retailer)
	secrets := &cpv1.AccountCredentials{Username: "admin@acme", Password: "made-password", ClientId: a.GetName(), ClientSecret: "made-secret"}
	return &cpv1.CreateAccountResponse{Account: a, Operation: &cpv1.Operation{Id: "op1"}, Credentials: secrets}, nil
}

func (f *fake) GetEnvironment(_ context.Context, r *cpv1.GetEnvironmentRequest) (*cpv1.GetEnvironmentResponse, error) {
	return &cpv1.GetEnvironmentResponse{Environment: &cpv1.Environment{Name: r.GetName(), Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SANDBOX}}, nil
}

func (f *fake) GetAccount(_ context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &cpv1.GetAccountResponse{Account: f.accounts[r.GetName()]}, nil
}

func (f *fake) ListAccounts(context.Context, *cpv1.ListAccountsRequest) (*cpv1.ListAccountsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	res := &cpv1.ListAccountsResponse{}
	for _, a := range f.accounts {
		res.Accounts = append(res.Accounts, a)
	}
	return res, nil
}

func (f *fake) UpdateAccount(_ context.Context, r *cpv1.UpdateAccountRequest) (*cpv1.UpdateAccountResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.accounts[r.GetAccount().GetName()]
	a.State = r.GetAccount().GetState()
	return &cpv1.UpdateAccountResponse{Account: a}, nil
}

// ListRetailers answers in pages of one, so that the command line has to turn pages.
func (f *fake) ListRetailers(_ context.Context, r *cpv1.ListRetailersRequest) (*cpv1.ListRetailersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.retailers, func(x *cpv1.Retailer) bool { return x.GetRef() == r.GetPageToken() }) + 1
	res := &cpv1.ListRetailersResponse{}
	if at < len(f.retailers) {
		res.Retailers = f.retailers[at : at+1]
	}
	if at+1 < len(f.retailers) {
		res.NextPageToken = f.retailers[at].GetRef()
	}
	return res, nil
}

func (f *fake) CreateApiClient(_ context.Context, r *cpv1.CreateApiClientRequest) (*cpv1.CreateApiClientResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients = append(f.clients, r.GetClient())
	return &cpv1.CreateApiClientResponse{Client: r.GetClient(), ClientSecret: "made-secret"}, nil
}

func (f *fake) ListApiClients(_ context.Context, r *cpv1.ListApiClientsRequest) (*cpv1.ListApiClientsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	res := &cpv1.ListApiClientsResponse{}
	for _, c := range f.clients {
		if !r.GetOverPrivileged() || c.GetOverPrivileged() {
			res.Clients = append(res.Clients, c)
		}
	}
	return res, nil
}

func (f *fake) UpdateApiClient(_ context.Context, r *cpv1.UpdateApiClientRequest) (*cpv1.UpdateApiClientResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mask = r.GetUpdateMask().GetPaths()
	return &cpv1.UpdateApiClientResponse{Client: r.GetClient()}, nil
}

func (f *fake) RotateApiClientSecret(_ context.Context, r *cpv1.RotateApiClientSecretRequest) (*cpv1.RotateApiClientSecretResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overlap = r.GetOverlap().AsDuration()
	return &cpv1.RotateApiClientSecretResponse{Client: &cpv1.ApiClient{ClientId: r.GetClientId()}, ClientSecret: "next-secret"}, nil
}

func (f *fake) RevokeApiClient(_ context.Context, r *cpv1.RevokeApiClientRequest) (*cpv1.RevokeApiClientResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients = slices.DeleteFunc(f.clients, func(c *cpv1.ApiClient) bool { return c.GetClientId() == r.GetClientId() })
	return &cpv1.RevokeApiClientResponse{Client: &cpv1.ApiClient{ClientId: r.GetClientId()}}, nil
}

var start = time.Unix(1_800_000_000, 0)

func step(name, title string, took time.Duration) *cpv1.OperationStep {
	return &cpv1.OperationStep{Name: name, Title: title, State: cpv1.StepState_STEP_STATE_DONE,
		StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(took))}
}

// operation is the account's creation after the given number of steps.
func (f *fake) operation(done int) *cpv1.Operation {
	steps := []*cpv1.OperationStep{step("place", "Place the account", 20*time.Millisecond), step("open", "Open it", 30*time.Millisecond)}
	op := &cpv1.Operation{Id: "op1", Kind: "account.create", State: cpv1.OperationState_OPERATION_STATE_RUNNING, Steps: steps[:done], Progress: float64(done) / 2}
	if done == 2 {
		op.State = cpv1.OperationState_OPERATION_STATE_DONE
	}
	return op
}

func (f *fake) GetOperation(context.Context, *cpv1.GetOperationRequest) (*cpv1.GetOperationResponse, error) {
	return &cpv1.GetOperationResponse{Operation: f.operation(2)}, nil
}

func (f *fake) WatchOperation(_ context.Context, _ *cpv1.WatchOperationRequest, s controlplanev1connect.OperationServiceWatchOperationServerStream) error {
	if f.failOperations {
		failed := f.operation(1)
		failed.State = cpv1.OperationState_OPERATION_STATE_FAILED
		failed.Error = &cpv1.OperationError{Code: "NODE_ERROR", Detail: "no node took it"}
		return s.Send(&cpv1.WatchOperationResponse{Operation: failed})
	}
	f.activate()
	for done := range 3 {
		if err := s.Send(&cpv1.WatchOperationResponse{Operation: f.operation(done)}); err != nil {
			return err
		}
	}
	return nil
}

// activate lets all accounts be usable, as the operation's last step does.
func (f *fake) activate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.accounts {
		a.State = cpv1.AccountState_ACCOUNT_STATE_ACTIVE
	}
}
