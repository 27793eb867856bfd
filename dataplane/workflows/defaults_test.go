package workflows_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// put stores a workflow of one ruleset, whose rules say only what is given.
func (w *world) put(rootType, subtype, version, event string, rules ...string) {
	w.t.Helper()
	text := fmt.Sprintf(`{"retailerId":"1","entityType":%q,"entitySubtype":%q,"name":"%s::%s","version":%q,"statuses":[],"rulesets":[{"name":%q,"type":%q,"eventType":"NORMAL",
		"triggers":[],"rules":[%s]}]}`, rootType, subtype, rootType, subtype, version, event, rootType, strings.Join(rules, ","))
	flow, err := workflow.Parse(json.RawMessage(text))
	require.NoError(w.t, err)
	require.NoError(w.t, w.shelf.Put("ACME", 1, flow))
}

// TestAWebhookGoesWhereItsNameSays: to its endpoint; else where a setting says; else where the setting of its name says; else nowhere.
func TestAWebhookGoesWhereItsNameSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for name, retailer := range map[string]int{"webhook.STOCK": 1, "webhook.OWN": 1, "STOCK": 1, "webhook.OTHER": 2} {
		w.insert(&foundation.Setting{Row: catalogue.Row{ID: w.id("Setting")}, Name: name, Context: "RETAILER", ContextID: retailer, ValueType: "STRING", Value: hooks + name})
	}
	call := func(props string) string { return `{"name":"FLUENTRETAIL.core.SendWebhook","props":` + props + `}` }
	w.put("ORDER", "HOOK", "1.0", "CREATE", call(`{"webhookName":"STOCK"}`), call(`{"webhookName":"STOCK","endpointSetting":"webhook.OWN"}`),
		call(`{"webhookName":"STOCK","webhookEndpoint":"`+hooks+`there"}`), call(`{"webhookName":"OTHER"}`), call(`{}`))
	_, posts := told(w.last("ORDER", w.placeAs("HOOK", "", "P1×1")))
	require.Equal(t, []string{"posts STOCK to webhook.STOCK", "posts STOCK to webhook.OWN", "posts STOCK to there"}, posts)
}

// trails are the turns of a root, newest first.
func (w *world) trails(rootType string, root catalogue.ID) (out []*history.Trail) {
	w.t.Helper()
	rows, err := trailstore.List(w.ctx, w.db.Reader(w.scope), trailstore.Query{RootType: rootType, RootID: string(root), From: time.Unix(0, 0), To: w.db.Now(w.ctx).Add(time.Hour), Limit: 100})
	require.NoError(w.t, err)
	for i := range rows {
		t, err := history.Decode(&rows[i])
		require.NoError(w.t, err)
		out = append(out, t)
	}
	return out
}

func (w *world) last(rootType string, root catalogue.ID) *history.Trail {
	w.t.Helper()
	list := w.trails(rootType, root)
	require.NotEmpty(w.t, list)
	return list[0]
}

// TestACatalogueIsRebuiltPageByPage: each page is a turn of its own, so that none is long; the last one ends it. What is at risk can be sold, what
// is out of stock cannot. Without a size pages are large.
func TestACatalogueIsRebuiltPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,DC1,1", "P2,DC1,2", "P3,DC1,3", "P1,STORE_A,10", "P2,STORE_A,20", "P3,STORE_A,30"))
	w.balanced()
	root := w.roots["HD_AGG:1"]
	positions := w.positions()
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		for ref, status := range map[string]string{"P1:STORE_A": "AT_RISK", "P2:STORE_A": "OUT_OF_STOCK"} {
			positions[ref].Status = status
			tx.Update(positions[ref], domain.Catalogue().Type("InventoryPosition").Field("status"))
		}
		return nil
	}))
	for n, c := range []struct {
		props string
		turns int
	}{{`{}`, 1}, {`{"pageSize":2}`, 2}, {`{"pageSize":3}`, 2}, {`{"pageSize":4}`, 1}, {`{"pageSize":1}`, 4}} {
		w.put("VIRTUAL_CATALOGUE", "AGGREGATE", fmt.Sprintf("1.%d", n+1), "RebuildCatalogue", `{"name":"FLUENTRETAIL.globalinventory.RecalculateAllPositions","props":`+c.props+`}`)
		require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
			for _, v := range w.virtual() {
				if v.GroupRef == "HD_AGG:1" {
					v.Quantity = 77
					tx.Update(v, domain.Catalogue().Type("VirtualPosition").Field("quantity"))
				}
			}
			return nil
		}))
		before := len(w.trails("VIRTUAL_CATALOGUE", root))
		w.must(w.event("RebuildCatalogue", "VIRTUAL_CATALOGUE", root, "VIRTUAL_CATALOGUE", root, nil))
		require.Eventually(t, func() bool { return len(w.trails("VIRTUAL_CATALOGUE", root)) >= before+c.turns }, time.Minute, 10*time.Millisecond, c.props)
		w.agg(11, 2, 33)
		for _, state := range []eventstore.State{eventstore.Pending, eventstore.Scheduled} {
			waiting, err := eventstore.Waiting(w.ctx, w.db.Reader(w.scope), state, time.Unix(0, 0), w.db.Now(w.ctx).Add(time.Hour), 10)
			require.NoError(t, err)
			assert.Empty(t, waiting, "%s: there is no other page", c.props)
		}
		require.Len(t, w.trails("VIRTUAL_CATALOGUE", root), before+c.turns, c.props)
	}
}
