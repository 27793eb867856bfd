//go:build soak

package soak_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/embedded"
)

// word begins every value of the customer, and stands nowhere else.
const word = "Zqxwv"

// TestNoProcessKeepsAnErasedCustomer: a customer orders, the workflow sources and reserves, somebody sends events that fail; then the customer is
// erased, while nodes are killed. After that no table holds a value of his, and no file of any process ever did.
func TestNoProcessKeepsAnErasedCustomer(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: filepath.Join(dir, "db"), Volatile: true})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	require.NoError(t, server.CreateDatabase(t.Context(), "fluent"))
	dsn := server.DSN("fluent")
	s := startStack(t, "--database", dsn)
	demo := s.Ready.Demo
	client := apiclient.New(s.Ready.Gateway, apiclient.Credentials{ClientID: demo.ClientID, ClientSecret: demo.ClientSecret, Username: demo.Username, Password: demo.Password})
	order := leaveTraces(t, client, demo.RetailerID)
	require.NotEmpty(t, named(t, dsn), "the customer is there")

	op, err := client.EraseCustomer(t.Context(), word+".person@example.com", true)
	require.NoError(t, err)
	deadline := time.Now().Add(10 * time.Minute)
	for n := 0; op.State != "DONE"; n++ {
		require.True(t, time.Now().Before(deadline), "the erasure does not end: %+v", op)
		if n < 3 {
			if _, err := s.Kill("node", n%2); err != nil {
				t.Log(err) // the one before is not back yet
			}
		}
		time.Sleep(5 * time.Second)
		if now, err := client.PersonalOperation(t.Context(), op.ID); err == nil {
			op = now
		}
	}
	t.Logf("receipt: %s", op.Receipt)
	require.Empty(t, named(t, dsn))
	require.Empty(t, mentioned(t, s.Options.Dir, ""), "files of processes")
	require.Empty(t, mentioned(t, filepath.Join(dir, "db"), ".log"), "the database's log")
	var kept struct {
		OrderByID struct {
			TotalPrice float64 `json:"totalPrice"`
		} `json:"orderById"`
	}
	require.NoError(t, client.GraphQL(t.Context(), `query ($id: ID!) { orderById(id: $id) { totalPrice } }`, map[string]any{"id": order}, &kept))
	require.InDelta(t, 42.5, kept.OrderByID.TotalPrice, 0)
}

// leaveTraces makes a customer, an order that goes its way, and events that are refused, and returns the order's id.
func leaveTraces(t *testing.T, client *apiclient.Client, retailer string) string {
	t.Helper()
	input := map[string]any{
		"ref": "ERASE-1", "type": "HD", "retailer": map[string]any{"id": retailer}, "totalPrice": 42.5,
		"customer": map[string]any{"username": word + ".person@example.com", "firstName": word + "first", "lastName": word + "last", "primaryEmail": word + ".mail@example.com", "primaryPhone": "+61 400 " + word,
			"country": "AU", "timezone": "UTC", "promotionOptIn": true, "retailer": map[string]any{"id": retailer}},
		"items": []any{map[string]any{"ref": "1", "productRef": "TOPS-01-S", "productCatalogueRef": "PC:MASTER:" + retailer, "quantity": 1}},
		"fulfilmentChoice": map[string]any{"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "deliveryInstruction": "ring at " + word + "last", "deliveryAddress": map[string]any{
			"ref": word + "-home", "name": word + "first " + word + "last", "street": "12 " + word + " Street", "city": word + "ville", "postcode": word + "77", "country": "AU", "latitude": -33.8, "longitude": 151.1}},
		"attributes": []any{map[string]any{"name": "gift", "type": "STRING", "value": "from " + word + "first"}},
	}
	var made struct {
		CreateOrderAndCustomer struct{ ID string } `json:"createOrderAndCustomer"`
	}
	require.NoError(t, client.GraphQL(t.Context(), `mutation ($input: CreateOrderAndCustomerInput!) { createOrderAndCustomer(input: $input) { id } }`, map[string]any{"input": input}, &made))
	order := made.CreateOrderAndCustomer.ID
	for _, event := range []map[string]any{
		{"name": "Noted", "entityType": "ORDER", "entityId": order, "retailerId": retailer, "attributes": map[string]any{"note": word + "first called", "phone": "+61 400 " + word}},
		{"name": "Noted", "entityType": "ORDER", "entityRef": "NO-" + word, "retailerId": retailer, "attributes": map[string]any{"mail": word + ".mail@example.com"}},
	} {
		_ = client.Do(t.Context(), "POST", "/api/v4.1/event/sync", event, nil) // refused or not: both leave traces
	}
	_, _ = client.SignInFailures(t.Context(), word+".person@example.com")
	require.Eventually(t, func() bool {
		var out struct {
			OrderByID struct{ Status string } `json:"orderById"`
		}
		err := client.GraphQL(t.Context(), `query ($id: ID!) { orderById(id: $id) { status } }`, map[string]any{"id": order}, &out)
		return err == nil && out.OrderByID.Status != "CREATED"
	}, time.Minute, 200*time.Millisecond, "the workflow takes the order up")
	time.Sleep(5 * time.Second) // and goes on with it
	return order
}

// named lists rows of all tables that hold the word, in texts and in what is compressed.
func named(t *testing.T, dsn string) (out []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	texts := func(sql string) []string {
		rows, err := conn.Query(t.Context(), sql)
		require.NoError(t, err)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return list
	}
	for _, table := range texts(`SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`) {
		for _, row := range texts(fmt.Sprintf(`SELECT t::text FROM %s t WHERE t::text ILIKE '%%%s%%'`, table, word)) {
			out = append(out, table+": "+row)
		}
	}
	db := storetest.Open(t, dsn, store.Options{})
	for after := ""; ; {
		list, err := trails.After(t.Context(), db.Reader(storetest.ScopeOf(t, "DEMO")), after, 500)
		require.NoError(t, err)
		for i := range list {
			trail, err := history.Decode(&list[i])
			require.NoError(t, err)
			raw, err := json.Marshal(trail)
			require.NoError(t, err)
			if strings.Contains(strings.ToLower(string(raw)), strings.ToLower(word)) {
				out = append(out, "trail "+trail.TurnID+": "+string(raw))
			}
		}
		if len(list) < 500 {
			return out
		}
		after = list[len(list)-1].TurnID
	}
}

// mentioned lists files below a folder, with an ending, that hold the word.
func mentioned(t *testing.T, dir, ending string) (out []string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasSuffix(path, ending) {
			return err
		}
		files++
		body, err := os.ReadFile(path)
		if err == nil && strings.Contains(strings.ToLower(string(body)), strings.ToLower(word)) {
			out = append(out, path)
		}
		return err
	}))
	require.Positive(t, files)
	return out
}
