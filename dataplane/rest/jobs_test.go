package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestAJobIsClosedByTheDatabasesClock, as it is for whoever adds a batch to it, and not by that of the node that is asked.
func TestAJobIsClosedByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Template(t, "rest", func(dsn string) error {
		db, err := store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Migrate(context.Background(), nil)
	})
	storetest.SetClock(t, dsn, time.Hour)
	db, err := store.Open(t.Context(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, tenant.Grant{
		Role: "R", Permissions: []string{"JOB_VIEW", "BATCH_VIEW"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, Retailer: 1}},
	})
	now := db.Time()
	require.NoError(t, db.Write(t.Context(), who.Scope(), func(tx *store.Tx) error {
		jobs.Add(tx, &jobs.Job{ID: "1", RetailerID: 1, Name: "open", CreatedOn: now, ClosesOn: now.Add(10 * time.Minute)})
		jobs.Add(tx, &jobs.Job{ID: "2", RetailerID: 1, Name: "closed", CreatedOn: now, ClosesOn: now.Add(-time.Minute)})
		return nil
	}))
	a := &API{Deps: Deps{Store: db}}
	for id, want := range map[string]string{"1": "OPEN", "2": "CLOSED"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetPathValue("job", id)
		got, err := answer(t, a, "/api/v4.1/job/{job}", r, who)
		require.NoError(t, err)
		require.Equal(t, want, got.(jobAnswer).Status)
		results, err := answer(t, a, "/api/v4.1/job/{job}/results", r, who)
		require.NoError(t, err)
		require.Equal(t, want, results.(jobResults).Status)
	}
}
