package privacy

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// The permissions. Each must be held for the customer's retailer.
const (
	MayView   = "PERSONALDATA_VIEW"   // how far operations are, and receipts
	MayExport = "PERSONALDATA_EXPORT" // what is kept of a customer
	MayErase  = "PERSONALDATA_ERASE"
)

// Deps are what the service stands on.
type Deps struct {
	DB        *store.DB
	Accounts  func() []tenancy.AccountID // those of the environment
	Mine      func() bool                // whether this node works on operations at the moment
	Settings  func(ctx context.Context, scope tenancy.Scope, list ...setting.Reading) (setting.Held, error)
	Workflows Workflows
	Keys      []seal.Key    // the environment's
	Settle    time.Duration // how long a turn that read a customer before the erasure may go on; 0: a minute
	Log       *slog.Logger
}

// Service is the use cases, and Run works on what they ask for.
type Service struct {
	Deps
	person *catalogue.Type
	keys   map[string]bool
	box    *seal.Box
	failed map[string]time.Time // operations, and when they may be tried again
}

// New makes the service.
func New(deps Deps) (*Service, error) {
	box, err := seal.NewBox("erasure", deps.Keys...)
	if err != nil {
		return nil, err
	}
	if deps.Settle == 0 {
		deps.Settle = time.Minute
	}
	return &Service{Deps: deps, person: store.TypeOf[foundation.Customer](deps.DB), keys: keys(deps.DB.Catalogue()), box: box, failed: map[string]time.Time{}}, nil
}

// Request names a customer.
type Request struct {
	CustomerID  string `json:"customerId"`
	CustomerRef string `json:"customerRef"`
	Now         bool   `json:"now"` // an erasure does not wait for orders that are under way
}

// Status is how far an operation is.
type Status struct {
	ID          string          `json:"id"`
	Kind        personal.Kind   `json:"kind"`
	CustomerID  string          `json:"customerId"`
	State       string          `json:"state"` // OPEN or DONE
	Step        string          `json:"step,omitempty"`
	WaitsFor    []UnderWay      `json:"waitsFor,omitempty"` // what must end first, or be passed over by now
	RequestedBy string          `json:"requestedBy"`
	RequestedOn time.Time       `json:"requestedOn"`
	DoneOn      *time.Time      `json:"doneOn,omitempty"`
	ExpiresOn   *time.Time      `json:"expiresOn,omitempty"` // when an export's file goes
	Receipt     json.RawMessage `json:"receipt,omitempty"`
}

func status(o *personal.Operation) *Status {
	s := &Status{ID: o.ID, Kind: o.Kind, CustomerID: string(o.CustomerID), State: o.State, Step: o.Step, RequestedBy: o.RequestedBy, RequestedOn: o.RequestedOn.UTC()}
	if o.State == personal.Done {
		s.Receipt = o.Progress
	}
	for _, at := range []struct{ from, to **time.Time }{{&o.DoneOn, &s.DoneOn}, {&o.ExpiresOn, &s.ExpiresOn}} {
		if *at.from != nil {
			t := (*at.from).UTC()
			*at.to = &t
		}
	}
	return s
}

// Begin asks for an export or an erasure. Asked again while one is open, and for an erasure ever after, it gives the one that there is. An erasure begins
// when the customer's orders have ended, or now.
func (s *Service) Begin(ctx context.Context, caller *tenant.Principal, kind personal.Kind, req Request) (*Status, error) {
	permission := MayExport
	if kind == personal.Erasure {
		permission = MayErase
	}
	customer, err := s.customer(ctx, caller, permission, req)
	if err != nil {
		return nil, err
	}
	retailer, _ := parseRetailer(customer.RetailerID)
	if err := caller.Can(permission, retailer); err != nil {
		return nil, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	asked := personal.Operation{Kind: kind, CustomerID: customer.ID, RetailerID: int64(retailer), RequestedBy: caller.Caller()}
	if req.Now && kind == personal.Erasure {
		asked.Progress = atOnceProgress
	}
	id, err := s.add(ctx, scope, asked)
	if err != nil {
		return nil, err
	}
	found, err := personal.Of(ctx, s.DB.Reader(scope), customer.ID, kind, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("operation %s is not there", id)
	}
	s.Log.InfoContext(ctx, "personal data: asked for", "account", string(caller.Account), "operation", found[0].ID, "kind", string(kind), "customer", string(customer.ID), "by", caller.Caller())
	if req.Now && kind == personal.Erasure && found[0].ID != id {
		if err := s.hurry(ctx, scope, &found[0]); err != nil {
			return nil, err
		}
	}
	return s.tell(ctx, scope, &found[0])
}

// hurry has an erasure that was asked for before wait no more.
func (s *Service) hurry(ctx context.Context, scope tenancy.Scope, o *personal.Operation) error {
	if err := personal.Hurry(ctx, s.DB, scope, o.ID); err != nil {
		return fmt.Errorf("have erasure %s wait no more: %w", o.ID, err)
	}
	again, err := personal.Get(ctx, s.DB.Reader(scope), o.ID)
	if err == nil && again != nil {
		*o = *again
	}
	return err
}

// tell tells how far an operation is, and what it waits for.
func (s *Service) tell(ctx context.Context, scope tenancy.Scope, o *personal.Operation) (*Status, error) {
	out := status(o)
	waits, err := s.waitsFor(ctx, scope, o)
	if err != nil {
		return nil, err
	}
	if len(waits) > 0 {
		out.Step, out.WaitsFor = waiting, waits
	}
	return out, nil
}

func (s *Service) add(ctx context.Context, scope tenancy.Scope, o personal.Operation) (string, error) {
	o.ID = rand.Text()
	err := s.DB.Write(ctx, scope, func(tx *store.Tx) error { personal.Add(tx, o); return nil })
	if err != nil {
		return "", fmt.Errorf("keep an operation on personal data: %w", err)
	}
	return o.ID, nil
}

// customer finds the one that a request names, among those whom the caller reaches.
func (s *Service) customer(ctx context.Context, caller *tenant.Principal, permission string, req Request) (*foundation.Customer, error) {
	reader := s.DB.Reader(caller.ScopeFor(permission))
	var found *foundation.Customer
	switch {
	case (req.CustomerID == "") == (req.CustomerRef == ""):
		return nil, fault.Invalidf("customerId", "Want customerId or customerRef")
	case req.CustomerID != "":
		list, err := store.Get[foundation.Customer](ctx, reader, catalogue.ID(req.CustomerID))
		if err != nil {
			return nil, err
		}
		found = list[0]
	default:
		var err error
		if found, err = store.ByKey[foundation.Customer](ctx, reader, store.Key{req.CustomerRef}); err != nil {
			return nil, err
		}
	}
	if found == nil {
		return nil, fault.NotFoundf("There is no such customer")
	}
	return found, nil
}

// Get tells how far an operation is.
func (s *Service) Get(ctx context.Context, caller *tenant.Principal, id string) (*Status, error) {
	o, err := s.operation(ctx, caller, MayView, id)
	if err != nil {
		return nil, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	return s.tell(ctx, scope, o)
}

func (s *Service) operation(ctx context.Context, caller *tenant.Principal, permission, id string) (*personal.Operation, error) {
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	o, err := personal.Get(ctx, s.DB.Reader(scope), id)
	if err != nil {
		return nil, err
	}
	if o == nil || caller.Can(permission, tenancy.RetailerID(o.RetailerID)) != nil {
		return nil, fault.NotFoundf("There is no operation %q on personal data", id).At("id")
	}
	return o, nil
}

// Part reads a part of an export's file, numbered from 0; nil: there are no more.
func (s *Service) Part(ctx context.Context, caller *tenant.Principal, id string, part int) ([]byte, error) {
	o, err := s.operation(ctx, caller, MayExport, id)
	if err != nil {
		return nil, err
	}
	if o.Kind != personal.Export || o.State != personal.Done {
		return nil, fault.New(fault.Unprocessable, "The operation has no file, or not yet").At("id")
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	body, err := personal.Part(ctx, s.DB.Reader(scope), id, part)
	if err == nil && body == nil && part == 0 {
		err = fault.NotFoundf("The file has gone: ask for another export").At("id")
	}
	return body, err
}

func parseRetailer(id catalogue.ID) (tenancy.RetailerID, error) {
	var n int32
	_, err := fmt.Sscan(string(id), &n)
	return tenancy.RetailerID(n), err
}
