package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestUploadedWorkflowTakesEffectEverywhere: a workflow that is uploaded through one node is followed on all nodes, by new orders and by
// those of the same major version; orders of an older major version go on with the newest minor of their own.
func TestUploadedWorkflowTakesEffectEverywhere(t *testing.T) {
	s := shared(t)
	shop := administrator(t, s.stack).account(t, "FLOWS", "FLOW")
	shop.stock(t, apiclient.StockRow{LocationRef: "SHOP", SkuRef: "LAMP", Qty: 100})
	nodes := s.nodes(t, shop)
	customer := shop.shopper(t, "flora")
	const booked = "BOOKED; SHOP HD_PFS AWAITING_WAVE LAMP×1"
	old := shop.place(t, shop.client, shop.newOrder("OLD", customer, "LAMP", 1))
	shop.becomes(t, old, booked)

	screening := shop.workflow(t, shop.client)
	screening.add("Screen", "RECEIVED", "SCREENING")
	screening.add("Remark", "", "")
	screening.ruleset(t, "ReceiveOrder")["rules"] = []any{setState("RECEIVED"), rule("core.SendEvent", map[string]any{"eventName": "Screen"})}
	shop.upload(t, screening, nodes, "1.1")
	for n, node := range nodes {
		for i := range 5 {
			id := shop.place(t, node, shop.newOrder(fmt.Sprintf("MINOR-%d-%d", n, i), customer, "LAMP", 1))
			shop.becomes(t, id, "SCREENING")
		}
		require.Equal(t, "COMPLETE", through(t, node, shop, "Remark", old), "an older order follows the newest minor version of its major")
	}

	approving := shop.workflow(t, shop.client)
	approving["version"] = "2.0"
	approving.ruleset(t, "Remark")["name"] = "Approve"
	approving.ruleset(t, "Screen")["rules"] = []any{rule("core.SendEvent", map[string]any{"eventName": "CheckFraud"})}
	shop.upload(t, approving, nodes, "2.0")
	for n, node := range nodes {
		id := shop.place(t, node, shop.newOrder(fmt.Sprintf("MAJOR-%d", n), customer, "LAMP", 1))
		shop.becomes(t, id, booked)
		require.Equal(t, "COMPLETE", through(t, node, shop, "Approve", id))
		require.Equal(t, "NO_MATCH", through(t, node, shop, "Remark", id))
		require.Equal(t, "COMPLETE", through(t, node, shop, "Remark", old), "an older order stays with its major version")
		require.Equal(t, "NO_MATCH", through(t, node, shop, "Approve", old))
	}
	shop.keepsVersions(t, nodes)
	shop.keepsOthers(t)
	s.balanced(t, shop.account)
}

// keepsOthers: an implementer's set has workflows for root types that have no entities here; they upload with the rest.
func (x *tenant) keepsOthers(t *testing.T) {
	t.Helper()
	var answer struct{ EntityID string }
	returns := strings.NewReplacer(`"1"`, `"`+x.retailer+`"`, "ORDER", "RETURN_ORDER").Replace(uploadOf())
	require.NoError(t, x.client.Do(context.Background(), http.MethodPut, "/api/v4.1/workflow", json.RawMessage(returns), &answer))
	require.Equal(t, x.retailer+"-RETURN_ORDER::ZZ::1.0", answer.EntityID)
}

// keepsVersions: each version that was stored can be had from every node, whoever stored it.
func (x *tenant) keepsVersions(t *testing.T, nodes []*apiclient.Client) {
	t.Helper()
	type list struct {
		Count   int
		HasMore bool
		Results []struct {
			Name, Version, CreatedOn string
			Active                   bool
		}
	}
	path := "/api/v4.1/workflow/" + x.retailer + "/" + orderFlow
	for _, node := range nodes {
		all := ask1[list](t, node, path+"/versions")
		require.Equal(t, 3, all.Count)
		for i, want := range []string{"2.0", "1.1", "1.0"} {
			got := all.Results[i]
			require.Equal(t, want, got.Version)
			require.Equal(t, want != "1.0", got.Active)
			require.Equal(t, want, ask1[flow](t, node, path+"?version="+want)["version"])
		}
		page := ask1[list](t, node, path+"/versions?start=1&count=1")
		require.True(t, page.HasMore)
		require.Equal(t, "1.1", page.Results[0].Version)
		require.Equal(t, "1.1", ask1[flow](t, node, path+"?version=1")["version"])
		works := ask1[list](t, node, "/api/v4.1/workflow?retailerId="+x.retailer+"&start=1&count=3")
		require.True(t, works.HasMore)
		require.Len(t, works.Results, 3)
	}
}

// nodes makes a client of the tenant for each node, past the gateway.
func (s *system) nodes(t *testing.T, x *tenant) []*apiclient.Client {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.stack.Options.Dir, "host", "nodes", "*", "address"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	var clients []*apiclient.Client
	for _, f := range files {
		address, err := os.ReadFile(f)
		require.NoError(t, err)
		clients = append(clients, apiclient.New("http://"+strings.TrimSpace(string(address)), x.credentials))
	}
	return clients
}

// through runs an event for an order by one node and says what became of it.
func through(t *testing.T, node *apiclient.Client, x *tenant, name, order string) string {
	t.Helper()
	result, err := node.SendEvent(context.Background(), "sync", map[string]any{"name": name, "entityType": "ORDER", "entityId": order, "retailerId": x.retailer})
	require.NoError(t, err)
	return result.EventStatus
}

// flow is the text of a workflow.
type flow map[string]any

const orderFlow = "ORDER::HD"

func (x *tenant) workflow(t *testing.T, client *apiclient.Client) (f flow) {
	t.Helper()
	require.NoError(t, client.Do(context.Background(), http.MethodGet, "/api/v4.1/workflow/"+x.retailer+"/"+orderFlow, nil, &f))
	return f
}

// upload stores a workflow through the gateway and waits until each node shows the version that it must get.
func (x *tenant) upload(t *testing.T, f flow, nodes []*apiclient.Client, version string) {
	t.Helper()
	var answer struct{ EntityID, EventStatus string }
	require.NoError(t, x.client.Do(context.Background(), http.MethodPut, "/api/v4.1/workflow", f, &answer))
	require.Equal(t, x.retailer+"-"+orderFlow+"::"+version, answer.EntityID)
	start := time.Now()
	for _, node := range nodes {
		require.EventuallyWithT(t, func(c *assert.CollectT) { require.Equal(c, version, x.workflow(t, node)["version"]) }, patience, 5*time.Millisecond)
	}
	t.Logf("version %s was active on all nodes %v after the answer", version, time.Since(start).Round(time.Millisecond))
}

// ruleset finds an order's ruleset by name.
func (f flow) ruleset(t *testing.T, name string) map[string]any {
	t.Helper()
	for _, r := range f["rulesets"].([]any) {
		if rs := r.(map[string]any); rs["name"] == name && rs["type"] == "ORDER" {
			return rs
		}
	}
	require.Fail(t, "the workflow has no ruleset "+name)
	return nil
}

// add puts a ruleset for orders into the workflow: it answers in a status ("": any) and sets another ("": none).
func (f flow) add(name, in, sets string) {
	triggers, rules := []any{}, []any{}
	if in != "" {
		triggers = append(triggers, map[string]any{"status": in})
	}
	if sets != "" {
		rules = append(rules, setState(sets))
		f["statuses"] = append(f["statuses"].([]any), map[string]any{"name": sets, "entityType": "ORDER", "category": "BOOKING"})
	}
	f["rulesets"] = append(f["rulesets"].([]any), map[string]any{
		"name": name, "type": "ORDER", "eventType": "NORMAL", "triggers": triggers, "rules": rules, "userActions": []any{},
	})
}

func rule(name string, props map[string]any) map[string]any {
	return map[string]any{"name": "FLUENTRETAIL." + name, "props": props}
}

func setState(status string) map[string]any {
	return rule("core.SetState", map[string]any{"status": status})
}
