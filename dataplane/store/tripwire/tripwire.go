// Package tripwire is for tests: it makes of a migrated PostgreSQL database one in which nothing hides the rows of other accounts, and in which
// a statement that reaches them fails.
//
// Row-level security is the second fence between tenants: a statement that forgot its account finds nothing more than it should, and no test
// notices. Here the policies that hide are replaced by one that raises an error, each account has a neighbour from the start that has the same
// rows under the same ids and refs, and the tables of the engine and of the platform, which policies do not guard, are watched, too. A statement keeps out of
// the neighbour's rows by its own conditions, or fails. So whatever runs on such a database tests the wall, whatever else it is a test of.
//
// And it tests that documents of orders are never stale: each order has one that says nothing, and a transaction that writes a row of the order, by
// whatever way, and leaves the document there cannot commit.
package tripwire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Prefix begins the names of neighbours: ACME's is 0~ACME. It comes before all accounts in every collation, and none may be named so.
const Prefix = "0~"

// Stale is what a transaction fails with that leaves a document there of which it has changed a row.
const Stale = "went round the door"

// Message begins what a statement fails with that reached another account's row.
const Message = "the wall is broken"

// The functions. The neighbour's row is made first, so that what looks for one row that fits meets it before the own one, by
// the table as by an index. Work for the whole environment names the account *; it does not see the neighbours, who are not its business: their events
// would be run. A policy's condition with a high cost comes after the statement's own condition on the account, which leaks nothing.
const functions = `
CREATE FUNCTION tripwire(account TEXT, relation TEXT) RETURNS BOOLEAN LANGUAGE plpgsql STABLE COST 100000 AS $$
DECLARE
	named TEXT := coalesce(current_setting('fluent.account', true), '');
BEGIN
	IF account = named OR account = '*' THEN
		RETURN true;
	ELSIF named = '*' THEN
		RETURN account NOT LIKE '0~%';
	END IF;
	RAISE EXCEPTION 'the wall is broken: a statement for account % reached %, a row of account %', named, relation, account;
END $$;
CREATE FUNCTION neighbour() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	named TEXT := coalesce(current_setting('fluent.account', true), '');
	own TEXT := NEW.account_id;
BEGIN
	NEW.account_id := '0~' || own;
	PERFORM set_config('fluent.account', '*', true);
	EXECUTE format('INSERT INTO %I SELECT ($1).* ON CONFLICT DO NOTHING', TG_TABLE_NAME) USING NEW;
	PERFORM set_config('fluent.account', named, true);
	NEW.account_id := own;
	RETURN NEW;
END $$;
CREATE FUNCTION trip() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tripwire(OLD.account_id, TG_TABLE_NAME);
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$`

// documents is the table of documents, and what is in them. A mark stands for a document: the number of the transaction that has put it there, which may
// change further rows. Nothing is read that is not written, so that transactions meet no more than they would.
const (
	documents = "order_documents"
	kept      = `
CREATE FUNCTION stale_document(id INT8) RETURNS BYTEA LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the document of order % is stale: who changed it went round the door', id;
END $$;
CREATE FUNCTION document_kept() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	account TEXT := coalesce(NEW.account_id, OLD.account_id);
	mark BYTEA := convert_to(txid_current()::TEXT, 'UTF8');
	ids INT8[];
	root INT8;
BEGIN
	CASE TG_TABLE_NAME
	WHEN 'orders' THEN ids := ARRAY[OLD.id, NEW.id];
	WHEN 'fulfilment_items' THEN
		ids := ARRAY(SELECT f.order_id FROM fulfilments f WHERE f.account_id = account AND f.id IN (OLD.fulfilment_id, NEW.fulfilment_id));
	ELSE ids := ARRAY[OLD.order_id, NEW.order_id];
	END CASE;
	FOREACH root IN ARRAY ids LOOP
		CONTINUE WHEN root IS NULL OR account LIKE '0~%';
		INSERT INTO order_documents AS d (account_id, order_id, version, body) VALUES (account, root, 0, mark)
		ON CONFLICT (account_id, order_id) DO UPDATE SET body = CASE WHEN d.body IS NULL OR d.body = mark THEN mark ELSE stale_document(root) END;
	END LOOP;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER document AFTER INSERT OR UPDATE OR DELETE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_kept();
CREATE CONSTRAINT TRIGGER document AFTER INSERT OR UPDATE OR DELETE ON order_items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_kept();
CREATE CONSTRAINT TRIGGER document AFTER INSERT OR UPDATE OR DELETE ON fulfilments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_kept();
CREATE CONSTRAINT TRIGGER document AFTER INSERT OR UPDATE OR DELETE ON fulfilment_items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_kept()`
)

const tables = `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::REGNAMESPACE ORDER BY c.relname`

const meet = `CREATE TRIGGER neighbour BEFORE INSERT ON %[1]s FOR EACH ROW
	WHEN (pg_trigger_depth() = 0 AND NEW.account_id <> '*') EXECUTE FUNCTION neighbour()`

const watch = `DROP POLICY IF EXISTS tenant ON %[1]s; ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
CREATE POLICY tripwire ON %[1]s USING (tripwire(account_id, '%[2]s'))
	WITH CHECK (account_id IN (current_setting('fluent.account', true), '*') OR current_setting('fluent.account', true) = '*')`

// copied is the table whose rows come by COPY, which PostgreSQL allows on no table with policies. Changes of the neighbour's rows fail there,
// too; reads of them are for the test to see.
const (
	copied      = "batch_rows"
	watchCopied = `CREATE TRIGGER trip BEFORE UPDATE OR DELETE ON %[1]s FOR EACH ROW EXECUTE FUNCTION trip()`
)

// Set changes the database of a test, which has the current schema. A CockroachDB stays as it is.
func Set(ctx context.Context, dsn string) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("set the tripwire: %w", err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if strings.HasPrefix(c.PgConn().ParameterStatus("crdb_version"), "CockroachDB") {
		return nil
	}
	rows, err := c.Query(ctx, tables)
	if err != nil {
		return fmt.Errorf("set the tripwire: list the tables of accounts: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("set the tripwire: list the tables of accounts: %w", err)
	}
	if len(all) == 0 {
		return errors.New("set the tripwire: no table has a column account_id; migrate the database first")
	}
	text := []string{functions}
	for _, name := range all {
		with := watch
		if name == copied {
			with = watchCopied
		}
		text = append(text, fmt.Sprintf(meet+";\n"+with, pgx.Identifier{name}.Sanitize(), name))
	}
	if slices.Contains(all, documents) {
		text = append(text, kept)
	}
	if _, err := c.Exec(ctx, strings.Join(text, ";\n"), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("set the tripwire: %w", err)
	}
	return nil
}
