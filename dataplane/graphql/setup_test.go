package graphql_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestSetUpBatches make retailers by the control plane, know those that are there, and tell that accounts are made elsewhere.
func TestSetUpBatches(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	var err error
	l.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: l.db, Workflows: versions{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), plain{})),
		Engine: l.nudges, Retailers: &numbers{db: l.db}})
	require.NoError(t, err)
	l.service = batching.New(l.db, modules.Loads(), func(context.Context, tenancy.Scope, ...*workflow.Event) {}).Writing(l.exec)
	request := func(entityType string, n int) batching.Request {
		req := batching.Request{JobID: l.job.ID, EntityType: entityType, Action: "CREATE", Header: json.RawMessage(`{}`), Who: l.admin}
		for range n {
			req.Records = append(req.Records, json.RawMessage(`{"retailerName":"X"}`))
		}
		return req
	}
	for place, req := range map[string]batching.Request{"entityType": request("RETAILER", 1), "entities": request("RETAILER", 21)} {
		_, err = l.service.AddBatch(t.Context(), l.admin.Scope(), l.job, req)
		require.Equal(t, place, fault.Of(err).Field, "of a retailer's job, and more than may be")
	}
	l.job, _, err = l.service.CreateJobOnce(t.Context(), l.admin.Scope(), &jobs.Job{Name: "set up", RetailerID: 0}, repeats.Request{})
	require.NoError(t, err)
	_, err = l.service.AddBatch(t.Context(), l.admin.Scope(), l.job, request("ACCOUNT", 1))
	require.Equal(t, fault.CodeUnserved, fault.Of(err).PlatformCode())

	record := `{"retailerId":2,"retailerName":"SECOND","tradingName":"Second","region":"west","customerSupportPhone":"1","customerSupportEmail":"a@example.com","website":"https://example.com"}`
	_, got := l.load(t.Context(), l.admin, "CREATE", "RETAILER", record, `{"tradingName":"nameless"}`, `{"retailerName":"MAIN"}`)
	require.Equal(t, []string{"SECOND the platform allots the numbers of retailers: this one is 42, not 2", "C0140E retailerName: is missing",
		"ENTITY_EXIST_ALREADY retailerName: Retailer MAIN exists already; its action is UPDATE"}, got)
	_, got = l.load(t.Context(), l.admin, "UPDATE", "RETAILER", `{"retailerName":"SECOND","website":"https://example.org"}`)
	require.Equal(t, []string{"SECOND"}, got)
	require.JSONEq(t, `{"retailerById": {"tradingName": "Second", "supportPhone": "1", "supportEmail": "a@example.com", "websiteUrl": "https://example.org"}}`,
		printed(t, l.data(`{ retailerById(id: 42) { tradingName supportPhone supportEmail websiteUrl } }`, "")))
}
