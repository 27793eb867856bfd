package privacy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// The rhythm of Run.
const (
	every   = 2 * time.Second  // looks for operations
	cleans  = 10 * time.Minute // looks for customers and files whose time is over
	resting = time.Minute      // before an operation that failed, or that waits for orders, is tried again
	atOnce  = 20               // operations that are looked at in one round
	day     = 24 * time.Hour
)

// Run works on operations until ctx ends, on the one node whose turn it is. Two for a moment do no harm: what one has erased the other finds erased.
func (s *Service) Run(ctx context.Context) {
	var cleaned time.Time
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if !s.Mine() {
			continue
		}
		err := s.Round(ctx)
		if time.Since(cleaned) >= cleans {
			cleaned = time.Now()
			err = errors.Join(err, s.Clean(ctx))
		}
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "personal data: an operation failed; will be tried again", "error", err)
		}
	}
}

// Round goes on with all open operations as far as they go now.
func (s *Service) Round(ctx context.Context) error {
	maps.DeleteFunc(s.failed, func(_ string, again time.Time) bool { return !time.Now().Before(again) })
	list, err := personal.Waiting(ctx, s.DB, atOnce, slices.Collect(maps.Keys(s.failed))...)
	if err != nil {
		return fmt.Errorf("look for operations: %w", err)
	}
	var problems []error
	for i := range list {
		op := &list[i]
		err := s.work(ctx, op)
		if err == nil {
			continue
		}
		s.failed[op.ID] = time.Now().Add(resting)
		if !errors.Is(err, errUnderWay) {
			problems = append(problems, fmt.Errorf("operation %s of account %s: %w", op.ID, op.Account, err))
		}
		if err := s.putBack(ctx, op); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// putBack has an operation that cannot go on now stand behind the others.
func (s *Service) putBack(ctx context.Context, op *personal.Operation) error {
	scope, err := tenancy.NewScope(op.Account)
	if err != nil {
		return err
	}
	if err := personal.PutBack(ctx, s.DB, scope, op.ID); err != nil {
		return fmt.Errorf("put operation %s behind the others: %w", op.ID, err)
	}
	return nil
}

func (s *Service) work(ctx context.Context, op *personal.Operation) error {
	scope, err := tenancy.NewScope(op.Account)
	if err != nil {
		return err
	}
	if op.Kind == personal.Export {
		return s.export(ctx, scope, op)
	}
	return s.erase(ctx, scope, op)
}

// Clean removes files whose time is over, and asks for the erasure of customers whose time is.
func (s *Service) Clean(ctx context.Context) error {
	var problems []error
	for _, account := range s.Accounts() {
		scope, err := tenancy.NewScope(account)
		if err != nil {
			return err
		}
		if err := personal.DropStale(ctx, s.DB, scope); err != nil {
			problems = append(problems, err)
		}
		if err := s.expire(ctx, scope); err != nil {
			problems = append(problems, fmt.Errorf("customers of account %s: %w", account, err))
		}
	}
	return errors.Join(problems...)
}

// expire asks for the erasure of customers of whom nothing was heard for as long as the account's settings say. The setting of a customer's country
// counts before that for all; one that cannot be read keeps whom it is about.
func (s *Service) expire(ctx context.Context, scope tenancy.Scope) error {
	reader := s.DB.Reader(scope)
	least, of, err := s.keeping(ctx, scope)
	if err != nil || least == 0 {
		return err
	}
	now := s.DB.Now(ctx)
	for after := catalogue.ID("0"); ; {
		list, err := personal.IdleCustomers(ctx, reader, after, least, page)
		if err != nil {
			return err
		}
		for _, c := range list {
			if d := of(c.Country); d > 0 && now.Sub(c.Since) >= d { // an order that nothing happened to for so long is not under way
				if _, err := s.add(ctx, scope, personal.Operation{Kind: personal.Erasure, CustomerID: c.ID, RetailerID: c.Retailer, RequestedBy: "retention", Progress: atOnceProgress}); err != nil {
					return err
				}
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

// keeping is the shortest time for which the account keeps anybody, and that for a country; 0: for ever.
func (s *Service) keeping(ctx context.Context, scope tenancy.Scope) (least time.Duration, of func(country string) time.Duration, err error) {
	held, err := s.Settings(ctx, scope, keepCustomers, keepCountries)
	if err != nil {
		return 0, nil, err
	}
	all, err := keepCustomers.Get(held, setting.Place{})
	if err != nil {
		return 0, nil, err
	}
	countries, err := keepCountries.Get(held, setting.Place{})
	if err != nil {
		return 0, nil, err
	}
	least = all
	for _, days := range countries {
		if d := time.Duration(days) * day; d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least, func(country string) time.Duration {
		if days, said := countries[country]; said {
			return time.Duration(days) * day
		}
		return all
	}, nil
}
