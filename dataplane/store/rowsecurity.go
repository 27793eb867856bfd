package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// The second fence is row-level security in PostgreSQL. Each transaction and each read works on a connection that names its account in the
// setting fluent.account, which is set in the same round trip where it is another; policies on the tables of entities and their links let it touch rows of that account only. A statement that
// forgot its account_id would find nothing. Measured on point reads and on reads of edges, the fence costs at most a tenth.
//
// Superusers pass policies by, so a store that connects as one takes on a role without rights of its own. Work for the whole
// environment (leases, the event queues) names everyAccount. The engine's own tables are not behind the fence: policies would keep the
// planner from using their inverted indexes.
//
// CockroachDB gets no policies, though it knows them since 25.2: a policy that goes by a setting hides everything where the setting is wrong, and
// that we name the account rightly on an engine which we have not run nobody could tell. What keeps the wall there is each statement's
// own account_id; package tripwire shows that it does so by itself.
const (
	tenantRole   = "fluent_tenant"
	everyAccount = "*"

	sqlNameAccount = `SELECT set_config('fluent.account', $1, true)`
	// Outside of transactions the account stays named until another one's turn comes: most calls find their connection as they need it. With the
	// account comes whether plans shall serve all values. Planning steady reads anew for each use takes longer than running them.
	sqlNameAccountKept = `SELECT set_config('fluent.account', $1, false), set_config('plan_cache_mode', $2, false)`

	sqlTakeRole    = `SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'fluent_tenant'`
	sqlIsSuperuser = `SELECT rolsuper FROM pg_roles WHERE rolname = session_user`
	sqlUnfenced    = `SELECT relname FROM pg_class WHERE relname = ANY ($1) AND relkind = 'r' AND relnamespace = current_schema()::REGNAMESPACE AND NOT relrowsecurity ORDER BY relname`
)

// Nobody is the account of what belongs to none: counts of sources of attempts to sign in, and of subjects of which no account is known.
const Nobody tenancy.AccountID = everyAccount

// session is what the settings of a connection say outside of transactions.
type session struct {
	account string
	plans   string // plan_cache_mode
}

// Values of plan_cache_mode. Connections for writes always have genericPlans, see prepareWriter.
const (
	genericPlans = "force_generic_plan"
	plansByUse   = "auto"
	customPlans  = "force_custom_plan"
)

// sessionKey is where a connection remembers its session. What is not there is not known.
const sessionKey = "fluent.session"

// fenced puts the account's name in front of calls, where we use the engine's fence and the connection does not name that account already.
// done must hear how the calls ended: settings of calls that failed are taken back by the server.
func (db *DB) fenced(c *pgconn.PgConn, use, account string, calls []call) (all []call, done func(error)) {
	if db.engine != PostgreSQL {
		return calls, func(error) {}
	}
	want := session{account: account, plans: genericPlans}
	if use != writeUse && slices.ContainsFunc(calls, func(c call) bool { return !c.steady }) {
		want.plans = plansByUse
	}
	if use != writeUse && slices.ContainsFunc(calls, func(c call) bool { return c.custom }) {
		want.plans = customPlans
	}
	kept := c.CustomData()
	if is, ok := kept[sessionKey].(session); ok && is == want {
		return calls, func(error) {}
	}
	delete(kept, sessionKey)
	name := call{name: "account", sql: sqlNameAccountKept, args: []any{want.account, want.plans}, control: true}
	return append([]call{name}, calls...), func(err error) {
		if err == nil {
			kept[sessionKey] = want
		}
	}
}

func nameAccount(account string) call {
	return call{name: "account", sql: sqlNameAccount, args: []any{account}, control: true}
}

// takeRole runs on each new connection. It does nothing where there is no such role: before the first migration, on CockroachDB, and where the
// store is no superuser.
func takeRole(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, sqlTakeRole, pgx.QueryExecModeExec)
	return err
}

// fenceAttempts bounds the repetition of fence, which nodes that start together do at once.
const fenceAttempts = 10

// raiseFence runs after migrations. It may run again at any time.
func (db *DB) raiseFence(ctx context.Context) error {
	if db.engine != PostgreSQL {
		return nil
	}
	var err error
	for n := range fenceAttempts {
		if n > 0 && !pause(ctx, n) {
			break
		}
		if err = db.fence(ctx); err == nil {
			for _, p := range db.pools {
				p.Reset() // so that all connections take the role
			}
			return nil
		}
	}
	return fmt.Errorf("secure the rows of tenants: %w", err)
}

func (db *DB) fence(ctx context.Context) error {
	c, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	var super bool
	if err := c.QueryRow(ctx, sqlIsSuperuser).Scan(&super); err != nil {
		return err
	}
	rows, err := c.Query(ctx, sqlUnfenced, tenantTables(db.opts.Catalogue))
	if err != nil {
		return err
	}
	unfenced, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if super {
		if err := grantRole(ctx, c); err != nil {
			return err
		}
	}
	for _, table := range unfenced {
		if _, err := c.Exec(ctx, fenceText(pgx.Identifier{table}.Sanitize(), super), pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return db.plainDocuments(ctx, c)
}

// grantRole makes the role, which all databases of a server share, and lets it work in this one.
func grantRole(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "CREATE ROLE "+tenantRole+" NOLOGIN", pgx.QueryExecModeSimpleProtocol)
	var pe *pgconn.PgError
	if errors.As(err, &pe) && (pe.Code == stateDuplicateObject || pe.Code == stateUnique) {
		err = nil
	}
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "+tenantRole, pgx.QueryExecModeSimpleProtocol)
	return err
}

// fenceText is one transaction. An owner who is no superuser is subject to policies only by FORCE.
func fenceText(table string, super bool) string {
	force := ""
	if !super {
		force = fmt.Sprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY; ", table)
	}
	return fmt.Sprintf("CREATE POLICY tenant ON %[1]s USING (account_id = current_setting('fluent.account', true) OR current_setting('fluent.account', true) = '%[2]s'); "+
		"%[3]sALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY", table, everyAccount, force)
}

// Policies lists what raiseFence has PostgreSQL do, table by table, where it is no superuser. CockroachDB has the same from release 25.2 on, and its
// grammar reads these texts with all others; there they are not used, see fenced.
func Policies(c *catalogue.Catalogue) (out []Derived) {
	for _, table := range tenantTables(c) {
		out = append(out, Derived{Name: table + ".policy", SQL: fenceText(pgx.Identifier{table}.Sanitize(), false)})
	}
	return out
}

// tenantTables lists the tables of entities, of links and of documents.
func tenantTables(c *catalogue.Catalogue) (tables []string) {
	add := func(name string) {
		if !slices.Contains(tables, name) {
			tables = append(tables, name)
		}
	}
	for _, t := range c.Types() {
		add(t.Table)
		if t.Document != nil {
			add(t.Document.Table)
		}
		for _, e := range t.Edges {
			if e.Link != nil {
				add(e.Link.Table)
			}
		}
	}
	return tables
}
