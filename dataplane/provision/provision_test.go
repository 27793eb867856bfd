package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// nobody is what a node's answers to tenants take that has none.
func nobody() time.Duration { return 0 }

// migrated is the address of a database of the test's own, with the schema in it.
func migrated(t *testing.T) string { return dbtest.Template(t, "provision", storetest.Migrate) }

func open(t *testing.T, dsn string) *store.DB { return storetest.Open(t, dsn, store.Options{}) }

func defaults(retailer tenancy.RetailerID) ([]provision.Artefact, error) {
	return []provision.Artefact{
		{Name: "workflow/A/1", Content: fmt.Appendf(nil, "A of %d", retailer)}, {Name: "workflow/B/1", Content: fmt.Appendf(nil, "B of %d", retailer)},
	}, nil
}

func account(name string) *nodev1.PrepareAccountRequest {
	return &nodev1.PrepareAccountRequest{Account: name, AdminUsername: "admin@" + name, AdminPasswordHash: []byte("x"), AdminEmail: "a@example.com", ApiUsername: "api@" + name}
}

func retailer(of string, number int32) *nodev1.PrepareRetailerRequest {
	return &nodev1.PrepareRetailerRequest{Account: of, Retailer: number, Ref: fmt.Sprint("R", number), TradingName: "R", TimeZone: "UTC", Currency: "AUD"}
}

// An account costs six round trips and two retailers' rows cost no more. Before, each id and each workflow was a commit of its own, some twenty in all.
func TestAnAccountCostsFewRoundTripsAndMayBePreparedTwice(t *testing.T) {
	t.Parallel()
	db := open(t, migrated(t))
	s := provision.New(db, provision.NewBudget(nobody), defaults)
	counted := &store.Trace{}
	ctx := store.WithTrace(t.Context(), counted)
	first, err := s.PrepareAccount(ctx, account("ACME"))
	require.NoError(t, err)
	require.Equal(t, 3, counted.RoundTrips(), "%v", counted.Statements())
	made, err := s.PrepareRetailer(ctx, retailer("ACME", 1))
	require.NoError(t, err)
	require.Equal(t, 6, counted.RoundTrips(), "%v", counted.Statements())
	require.LessOrEqual(t, len(counted.Statements()), 24, "%v", counted.Statements())

	again, err := s.PrepareAccount(t.Context(), account("ACME"))
	require.NoError(t, err)
	require.Equal(t, first.GetAdminUserId(), again.GetAdminUserId())
	repeated, err := s.PrepareRetailer(t.Context(), retailer("ACME", 1))
	require.NoError(t, err)
	require.Equal(t, made.GetArtefacts(), repeated.GetArtefacts())
	_, err = s.PrepareRetailer(t.Context(), retailer("ACME", 2))
	require.NoError(t, err)

	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	for name, hash := range made.GetArtefacts() {
		content, err := artefacts.Of(db).Get(t.Context(), scope, hash)
		require.NoError(t, err)
		require.Equal(t, name[len("workflow/"):][:1]+" of 1", string(content))
	}
	count := func(q store.Query) int {
		res, err := db.Reader(scope).Select(t.Context(), q)
		require.NoError(t, err)
		return len(res.Groups[0].Rows)
	}
	require.Equal(t, 2, count(store.Query{Type: store.TypeOf[security.User](db)}))
	require.Equal(t, 6, count(store.Query{Type: store.TypeOf[security.Role](db)}))
	require.Equal(t, 3, count(store.Query{Type: store.TypeOf[foundation.Network](db)}), "retailers share them")
	require.Equal(t, 2, count(store.Query{Type: store.TypeOf[foundation.Location](db)}))
	require.Equal(t, 4, count(store.Query{Type: store.TypeOf[foundation.Setting](db)}))
}

// Sixty accounts at once, while every connection for requests and turns is taken: they are all made, over two connections, and leases
// are renewed meanwhile. Without connections set aside neither would be.
func TestProvisioningTakesNoConnectionsFromOthersAndLeasesWaitForNobody(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db, err := store.Open(t.Context(), dsn, store.Options{Catalogue: domain.Catalogue(), ReadConnections: 2, WriteConnections: 2, AcquireWait: time.Minute})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	release := exhaust(t, db)
	s := provision.New(db, provision.NewBudget(nobody), defaults)
	var everybody sync.WaitGroup
	for i := range 60 {
		everybody.Go(func() {
			name := fmt.Sprintf("ACME%d", i)
			if _, err := s.PrepareAccount(t.Context(), account(name)); err != nil {
				t.Error(err)
				return
			}
			if _, err := s.PrepareRetailer(t.Context(), retailer(name, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 5 { // while they are made
		nodes, _, err := leasestore.Of(db).Heartbeat(t.Context(), "n1", time.Minute)
		require.NoError(t, err)
		require.Equal(t, []string{"n1"}, nodes)
	}
	taken, err := leasestore.Of(db).TakeRanges(t.Context(), "n1", []int{0, 1}, time.Minute, false)
	require.NoError(t, err)
	require.Len(t, taken, 2)
	require.NoError(t, leasestore.Of(db).ReleaseRanges(t.Context(), "n1", []int{0, 1}, true), "who stops gives them back at once, however busy the node was")
	everybody.Wait()
	// The pools keep what they opened, so what stands open now is the most that was ever used.
	require.LessOrEqual(t, connections(t, dsn, "fluent aside"), provision.AtOnce)
	require.Equal(t, 1, connections(t, dsn, "fluent lease"))
	require.Equal(t, 2, connections(t, dsn, "fluent write"), "all were held the whole time")
	release()
}

// exhaust takes all connections for writes until release is called, and shows that another write would wait.
func exhaust(t *testing.T, db *store.DB) (release func()) {
	scope, err := tenancy.NewScope("HOLDER")
	require.NoError(t, err)
	free := make(chan struct{})
	var held, ended sync.WaitGroup
	for range 2 {
		held.Add(1)
		ended.Go(func() {
			once := sync.OnceFunc(held.Done)
			_ = db.Write(context.Background(), scope, func(*store.Tx) error { once(); <-free; return nil })
		})
	}
	held.Wait()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, db.Write(short, scope, func(*store.Tx) error { return nil }), context.DeadlineExceeded)
	release = sync.OnceFunc(func() { close(free); ended.Wait() })
	t.Cleanup(release)
	return release
}

func connections(t *testing.T, dsn, application string) int {
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	var n int
	require.NoError(t, c.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()`, application).Scan(&n))
	return n
}

// TestSecretsAreForTheAdministratorAlone: other roles that an account begins with view everything but what holds secrets.
func TestSecretsAreForTheAdministratorAlone(t *testing.T) {
	t.Parallel()
	db := open(t, migrated(t))
	_, err := provision.New(db, provision.NewBudget(nobody), defaults).PrepareAccount(t.Context(), account("ACME"))
	require.NoError(t, err)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	roles, err := db.Reader(scope).Entities(t.Context(), store.Query{Type: store.TypeOf[security.Role](db)})
	require.NoError(t, err)
	secret, plain := map[string][]string{}, 0
	for _, typ := range db.Catalogue().Types() {
		for _, e := range roles {
			r := e.(*security.Role)
			views := slices.Contains(r.Permissions, security.Permission{Name: typ.Permission + "_VIEW"})
			switch {
			case typ.Secret && views:
				secret[typ.Name] = append(secret[typ.Name], r.Name)
			case views:
				plain++
			}
		}
	}
	require.Equal(t, map[string][]string{"PaymentServiceProvider": {tenant.AdminRole}}, secret)
	require.Greater(t, plain, 5*len(db.Catalogue().Types())/2)
}

// TestWhatAnAccountBeginsWithIsAsIfItHadBeenMade: what provisioning leaves out is filled in as for any other maker, and what it makes works at once.
func TestWhatAnAccountBeginsWithIsAsIfItHadBeenMade(t *testing.T) {
	t.Parallel()
	db := open(t, migrated(t))
	s := provision.New(db, provision.NewBudget(nobody), func(tenancy.RetailerID) ([]provision.Artefact, error) {
		return []provision.Artefact{{Name: "workflow/PRODUCT_CATALOGUE::MASTER/1", Content: []byte("p")}, {Name: "workflow/VIRTUAL_CATALOGUE::BASE/2", Content: []byte("v")}}, nil
	})
	_, err := s.PrepareAccount(t.Context(), account("ACME"))
	require.NoError(t, err)
	_, err = s.PrepareRetailer(t.Context(), retailer("ACME", 7))
	require.NoError(t, err)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	var got []string
	for _, typ := range db.Catalogue().Types() {
		rows, err := db.Reader(scope).Entities(t.Context(), store.Query{Type: typ})
		require.NoError(t, err)
		for _, e := range rows {
			if typ.Field("status") != nil || typ.Name == "StoreAddress" {
				got = append(got, strings.TrimSpace(fmt.Sprintln(typ.Name, typ.Text(e, "ref"), typ.Text(e, "type"), typ.Text(e, "status"), typ.Text(e, "workflowRef"), typ.Get(e, "workflowVersion"))))
			}
		}
	}
	require.Equal(t, []string{
		"Retailer R7  ACTIVE  <nil>",
		"Location REJ7 REJECTED ACTIVE LOCATION::REJECTED 0",
		"StoreAddress REJ7 AGENT   <nil>",
		"Network NET_ALL  ACTIVE  <nil>", "Network NET_HD HD ACTIVE  <nil>", "Network NET_CC CC ACTIVE  <nil>",
		"User admin@ACME ADMIN ACTIVE  <nil>", "User api@ACME API ACTIVE  <nil>",
		"ProductCatalogue PC:MASTER:7 MASTER ACTIVE PRODUCT_CATALOGUE::MASTER 10000", "ProductCatalogue COMPATIBILITY:7 MASTER ACTIVE PRODUCT_CATALOGUE::MASTER 10000",
		"InventoryCatalogue DEFAULT:7 DEFAULT ACTIVE INVENTORY_CATALOGUE::DEFAULT 0", "InventoryCatalogue COMPATIBILITY:7 DEFAULT ACTIVE INVENTORY_CATALOGUE::DEFAULT 0",
		"VirtualCatalogue BASE:7 BASE ACTIVE VIRTUAL_CATALOGUE::BASE 20000", "VirtualCatalogue HD_AGG:7 AGGREGATE ACTIVE VIRTUAL_CATALOGUE::AGGREGATE 0",
	}, got)
}
