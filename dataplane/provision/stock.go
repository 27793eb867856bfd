package provision

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// For how long an account's stock roles are known to be up with the build: a node of the build before may make accounts meanwhile, and one may be
// restored.
const (
	lookAgain  = 10 * time.Minute
	retryAgain = time.Minute
)

// StockRoles keeps the stock roles of accounts up with this build. Which permissions a stock role holds is the product's to say, and an account may add
// to them and take out of them. So a role gets what this build gives it and no build before gave it, once; what an account took out stays out. It
// is looked at when somebody of the account comes to a node for the first time, before anything is decided about him. A StockRoles is safe for
// concurrent use.
type StockRoles struct {
	db     *store.DB
	stock  []security.Role
	flight singleflight.Group

	mu  sync.Mutex
	due map[tenancy.AccountID]time.Time // when an account is looked at again
}

// KeepStockRoles makes one for the accounts of a database.
func KeepStockRoles(db *store.DB) *StockRoles {
	return &StockRoles{db: db, stock: stockRoles(db.Catalogue()), due: map[tenancy.AccountID]time.Time{}}
}

// Keep looks at an account, unless it did so a while ago. Who asks while it is looked at waits.
func (s *StockRoles) Keep(ctx context.Context, account tenancy.AccountID) error {
	s.mu.Lock()
	due := s.due[account]
	s.mu.Unlock()
	if time.Now().Before(due) {
		return nil
	}
	_, err, _ := s.flight.Do(string(account), func() (any, error) { return nil, s.Look(context.WithoutCancel(ctx), account) })
	return err
}

// Look looks at an account now.
func (s *StockRoles) Look(ctx context.Context, account tenancy.AccountID) error {
	again := lookAgain
	err := s.look(ctx, account)
	if err != nil {
		again, err = retryAgain, fmt.Errorf("keep the stock roles of account %s up with this build: %w", account, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due[account] = time.Now().Add(again)
	return err
}

func (s *StockRoles) look(ctx context.Context, account tenancy.AccountID) error {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return err
	}
	given, err := access.StockRoles(ctx, s.db.Reader(scope))
	if err != nil || len(s.newTo(given)) == 0 {
		return err
	}
	if there, err := s.read(ctx, s.db.Reader(scope)); err != nil || there == nil {
		return err
	}
	typ := store.TypeOf[security.Role](s.db)
	ids, err := s.db.NewIDs(ctx, scope, typ, len(s.stock))
	if err != nil {
		return err
	}
	return s.db.Write(ctx, scope, func(tx *store.Tx) error {
		there, err := s.read(ctx, tx.Reader)
		if err != nil || there == nil {
			return err
		}
		given, err := access.StockRoles(ctx, tx.Reader)
		if err != nil {
			return err
		}
		made := &entity.Making{Catalogue: s.db.Catalogue(), By: entity.Maker{Provides: true, Now: tx.Now()}}
		for i, role := range s.newTo(asKept(given, there)) {
			switch was := there[i]; {
			case was == nil:
				role.ID, role.Permissions = ids[i], s.stock[i].Permissions
				made.Make(&role)
			case add(was, role.Permissions):
				made.Change(was, typ.Field("permissions"))
			}
		}
		access.KeepStockRoles(tx, givenWith(s.stock, asKept(given, there)))
		return insert(ctx, tx, made, nil)
	})
}

// read reads the account's stock roles, nil where it has not got one. Without an administrator's that holds something they are none that provisioning
// made, or not yet: then it reads none.
func (s *StockRoles) read(ctx context.Context, r *store.Reader) ([]*security.Role, error) {
	keys := make([]store.Key, len(s.stock))
	for i, r := range s.stock {
		keys[i] = store.Key{r.Name}
	}
	found, err := r.ByKey(ctx, store.TypeOf[security.Role](s.db), keys...)
	if err != nil {
		return nil, err
	}
	there := make([]*security.Role, len(found))
	for i, x := range found {
		there[i], _ = x.(*security.Role)
	}
	if there[0] == nil || len(there[0].Permissions) == 0 {
		return nil, nil
	}
	return there, nil
}

// asKept is what stock roles were given. Builds that kept no account of it gave the administrator's role all permissions that there were: what is not in it is
// new. What is in it a role that lacks it may have lost, so it gets it not again.
func asKept(given map[string][]string, there []*security.Role) map[string][]string {
	out := map[string][]string{}
	for _, r := range there {
		if r == nil {
			continue
		}
		if list, known := given[r.Name]; known {
			out[r.Name] = list
			continue
		}
		for _, p := range there[0].Permissions {
			out[r.Name] = append(out[r.Name], p.Name)
		}
	}
	return out
}

// newTo are the stock roles of which something is new, by their places in the list, with what is; of a role that was given nothing yet all of it is.
func (s *StockRoles) newTo(given map[string][]string) map[int]security.Role {
	out := map[int]security.Role{}
	for i, r := range s.stock {
		had, known := given[r.Name]
		slices.Sort(had)
		fresh := security.Role{Name: r.Name}
		for _, p := range r.Permissions {
			if _, found := slices.BinarySearch(had, p.Name); !found {
				fresh.Permissions = append(fresh.Permissions, p)
			}
		}
		if len(fresh.Permissions) > 0 || !known {
			out[i] = fresh
		}
	}
	return out
}

// givenWith is what stock roles were given before, and are now.
func givenWith(stock []security.Role, before map[string][]string) map[string][]string {
	out := map[string][]string{}
	for _, r := range stock {
		list := slices.Clone(before[r.Name])
		for _, p := range r.Permissions {
			list = append(list, p.Name)
		}
		slices.Sort(list)
		out[r.Name] = slices.Compact(list)
	}
	return out
}

// add puts permissions into a role, and reports whether it had not all of them.
func add(role *security.Role, permissions []security.Permission) bool {
	before := len(role.Permissions)
	for _, p := range permissions {
		if !slices.Contains(role.Permissions, p) {
			role.Permissions = append(role.Permissions, p)
		}
	}
	return len(role.Permissions) > before
}
