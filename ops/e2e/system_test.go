// Package e2e_test runs Fluent as a user would, all of its real processes over a real database, and looks at it from outside.
package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/embedded"
	"github.com/fluent-oms/fluent/ops/stack"
)

var (
	workspace string // temporary folder of this test run
	binary    string // the fluent binary
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fluent-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv("FLUENT_E2E_KEEP") == "" { // set it to look at the logs of a run that failed
		defer os.RemoveAll(dir)
	}
	workspace, binary = dir, filepath.Join(dir, "fluent")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", binary, "github.com/fluent-oms/fluent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make builds it: most is compiled already
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build fluent: %v\n%s", err, out)
		return 1
	}
	defer func() {
		if the.stop != nil {
			the.stop()
		}
	}()
	return m.Run()
}

// system is a running platform with demo data, shared by the tests that don't break it.
type system struct {
	stack   *stack.Stack
	client  *apiclient.Client
	dsn     string
	stop    func()
	started time.Time // when the short-lived token was made
	short   string    // a token that was good for a second
}

var (
	the  system
	once sync.Once
)

// shared starts the platform when the first test asks for it.
func shared(t *testing.T) *system {
	t.Helper()
	if testing.Short() {
		t.Skip("the end-to-end tests start the whole platform")
	}
	var err error
	once.Do(func() { err = the.start() })
	require.NoError(t, err)
	require.NotNil(t, the.client, "the platform did not start; see the first test that asked for it")
	return &the
}

func (s *system) start() error {
	ctx := context.Background()
	database, err := embedded.Start(ctx, embedded.Config{
		Dir: filepath.Join(workspace, "database"), Volatile: true, Settings: map[string]string{"autovacuum": "on", "shared_buffers": "128MB"}, // as in earnest
	})
	if err != nil {
		return err
	}
	s.stop = database.Stop
	if err := database.CreateDatabase(ctx, "e2e"); err != nil {
		return err
	}
	s.dsn = database.DSN("e2e")
	running, err := stack.Start(ctx, stack.Options{Binary: binary, Dir: filepath.Join(workspace, "shared"), Database: s.dsn})
	if err != nil {
		return err
	}
	s.stack = running
	s.stop = func() {
		if err := running.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		database.Stop()
	}
	client := running.Client()
	if err := s.makeShortToken(ctx, client); err != nil {
		return err
	}
	s.client = client
	return nil
}

// makeShortToken gets a token that expires at once, for the tests of expired tokens.
func (s *system) makeShortToken(ctx context.Context, client *apiclient.Client) error {
	const setting = `mutation ($input: CreateSettingInput) { createSetting(input: $input) { id } }`
	input := map[string]any{"name": "fc.oauth.access.token.seconds", "valueType": "INTEGER", "value": "1", "context": "ACCOUNT", "contextId": 0}
	var made struct {
		CreateSetting struct{ ID string } `json:"createSetting"`
	}
	if err := client.GraphQL(ctx, setting, map[string]any{"input": input}, &made); err != nil {
		return err
	}
	short, err := s.stack.Client().Token(ctx)
	if err != nil {
		return err
	}
	s.short, s.started = short, time.Now()
	input["id"], input["value"] = made.CreateSetting.ID, "86400"
	return client.GraphQL(ctx, `mutation ($input: UpdateSettingInput) { updateSetting(input: $input) { id } }`, map[string]any{"input": input}, nil)
}

// expired waits until the short-lived token is past its life and the leeway of the clocks.
func (s *system) expired(t *testing.T) string {
	t.Helper()
	require.Eventually(t, func() bool { return time.Since(s.started) > 33*time.Second }, time.Minute, 100*time.Millisecond)
	return s.short
}

// customer is the id of some customer of the demo account.
func (s *system) customer(ctx context.Context, t *testing.T) string {
	t.Helper()
	var found struct {
		Customers struct {
			Edges []struct{ Node struct{ ID string } }
		}
	}
	require.NoError(t, s.client.GraphQL(ctx, `{ customers(first: 1) { edges { node { id } } } }`, nil, &found))
	require.NotEmpty(t, found.Customers.Edges)
	return found.Customers.Edges[0].Node.ID
}

// connect opens the environment's database.
func (s *system) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// quiet waits until no event is pending, so that nothing changes by itself.
func (s *system) quiet(t *testing.T) {
	t.Helper()
	requireQuiet(t, s.connect(t))
}

// requireQuiet waits until no event is pending in a database.
func requireQuiet(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	const pending = `SELECT coalesce(string_agg(format('%s %s of %s %s since %s', account_id, name, root_type, root_id, now() - received_on), '; '), '')
		FROM (SELECT * FROM events WHERE state = 'PENDING' ORDER BY received_on LIMIT 20) AS e`
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var waiting string
		require.NoError(c, conn.QueryRow(context.Background(), pending).Scan(&waiting))
		require.Empty(c, waiting)
	}, 2*time.Minute, 50*time.Millisecond, "events are still pending")
}

// restless are the tables that change without any request that changes something: leases, heartbeats, the clock of migrations, blocks of
// unused numbers, counts of sign-ins, counts of rows that were written before, documents of orders that are read again.
var restless = map[string]bool{"slot_epochs": true, "slot_expiries": true, "engine_nodes": true, "id_blocks": true, "sign_ins": true, "account_rows": true,
	"order_documents": true}

// checksum adds up every row of every table, by table.
func (s *system) checksum(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	conn := s.connect(t)
	rows, err := conn.Query(ctx, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(names), 20)
	sums := map[string]string{}
	for _, name := range names {
		if restless[name] || strings.HasPrefix(name, "goose") {
			continue
		}
		var sum string
		query := fmt.Sprintf(`SELECT count(*) || ':' || coalesce(md5(string_agg(r, '' ORDER BY r)), '') FROM (SELECT x::text AS r FROM %s AS x) AS rows`,
			pgx.Identifier{name}.Sanitize())
		require.NoError(t, conn.QueryRow(ctx, query).Scan(&sum), name)
		sums[name] = sum
	}
	return sums
}
