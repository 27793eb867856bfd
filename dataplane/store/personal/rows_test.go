package personal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// rows are three rows of each table in both accounts, the first one's JSON {"n": 1}.
func rows(s *storetest.Stand) {
	for _, account := range []string{"ACME", "OTHER"} {
		for n := 1; n <= 3; n++ {
			uuid, body := fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", n), fmt.Sprintf(`{"n": %d}`, n)
			s.SQL(`INSERT INTO events (account_id, id, slot, state, priority, received_on, generated_on, retailer_id, name, type, entity_type, entity_id, entity_ref, root_type, root_id, root_ref, detail)
VALUES ($1, $2::text::uuid, 0, 'SUCCESS', 1, now(), now(), 1, 'E', 'NORMAL', 'ORDER', '7', 'a', 'ORDER', '7', 'b', $3::text::jsonb)`, account, uuid, body)
			s.SQL(`INSERT INTO webhook_deliveries (account_id, id, state, name, endpoint, event, next_try_on, created_on, answer) VALUES ($1, $2::text::uuid, 'PENDING', 'h', 'a', $3::text::jsonb, now(), now(), 'b')`, account, uuid, body)
			s.SQL(`INSERT INTO jobs (account_id, id, retailer_id, name, meta, created_on, closes_on) VALUES ($1, $2, 1, 'a', $3::text::jsonb, now(), now())`, account, n, body)
			s.SQL(`INSERT INTO batches (account_id, id, job_id, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on)
VALUES ($1, $2, 1, 1, 'UPSERT', 'INVENTORY', 'a', $3::text::jsonb, 'COMPLETE', 1, 1, 0, now())`, account, n, body)
			s.SQL(`INSERT INTO batch_rows (account_id, batch_id, row_number, body, entity_id, entity_ref, code, message) VALUES ($1, $2, $3, $4::text::jsonb, '', 'a', '', 'b')`, account, (n+1)/2, n, body)
		}
	}
}

// columns are where a table keeps what is looked through.
var columns = map[personal.Table][2]string{
	personal.Events: {"events", "detail"}, personal.Deliveries: {"webhook_deliveries", "event"}, personal.Records: {"batch_rows", "body"}, personal.Batches: {"batches", "header"}, personal.Jobs: {"jobs", "meta"},
}

// TestRowsAreRewrittenAsTheyWereRead: page by page, of one account, and not where somebody changed them meanwhile.
func TestRowsAreRewrittenAsTheyWereRead(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	rows(s)
	for _, table := range personal.Tables() {
		at := columns[table]
		first, err := personal.Page(t.Context(), s.DB.Reader(s.Scope), table, "", 2)
		require.NoError(t, err)
		require.Len(t, first, 2, table)
		next, err := personal.Page(t.Context(), s.DB.Reader(s.Scope), table, first[1].Key, 2)
		require.NoError(t, err)
		require.Len(t, next, 1, table)
		all := append(first, next...)
		s.SQL(fmt.Sprintf(`UPDATE %[1]s SET %[2]s = '{"n": 20}' WHERE account_id = 'ACME' AND %[2]s = '{"n": 2}'`, at[0], at[1]))
		s.Locked(func(tx *store.Tx) {
			for i := range all {
				require.JSONEq(t, fmt.Sprintf(`{"n": %d}`, i+1), all[i].JSON, table)
				all[i].Texts[0], all[i].JSON = "erased", `{"n": 0}`
				personal.Rewrite(tx, table, all[i])
			}
		})
		texts := func(account string) []string {
			return s.Texts(fmt.Sprintf(`SELECT %s->>'n' FROM %s WHERE account_id = $1 ORDER BY 1`, at[1], at[0]), account)
		}
		require.Equal(t, []string{"0", "0", "20"}, texts("ACME"), table)
		require.Equal(t, []string{"1", "2", "3"}, texts("OTHER"), table)
	}
	require.Equal(t, []string{"a", "erased", "erased"}, s.Texts(`SELECT entity_ref FROM events WHERE account_id = 'ACME' ORDER BY 1`))
	_, err := personal.Page(t.Context(), s.DB.Reader(s.Scope), "nothing", "", 1)
	require.Error(t, err)
	_, err = personal.Page(t.Context(), s.DB.Reader(s.Scope), personal.Jobs, "x", 1)
	require.Error(t, err)
}

// TestOperationsAreOneOfAKind: an open one, and an erasure, for a customer; each account has its own.
func TestOperationsAreOneOfAKind(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	add := func(id string, kind personal.Kind) {
		s.EachAccount(func(tx *store.Tx) {
			personal.Add(tx, personal.Operation{ID: id + string(tx.Scope().Account()), Kind: kind, CustomerID: "7", RetailerID: 1, RequestedBy: "1"})
		})
	}
	ids := func() []string {
		return s.Texts(`SELECT id FROM personal_operations WHERE account_id = 'ACME' ORDER BY 1`)
	}
	add("a", personal.Export)
	add("b", personal.Export)
	add("c", personal.Erasure)
	require.Equal(t, []string{"aACME", "cACME"}, ids())
	open, err := personal.Waiting(t.Context(), s.DB, 10)
	require.NoError(t, err)
	require.Len(t, open, 4, "of all accounts")
	end := func(id string, expires *time.Time) {
		o, err := personal.Get(t.Context(), s.DB.Reader(s.Scope), id)
		require.NoError(t, err)
		o.Progress = []byte(`{"x":1}`)
		s.Locked(func(tx *store.Tx) { personal.PutPart(tx, id, 0, []byte("line")); personal.End(tx, o, expires) })
	}
	past := s.DB.Now(t.Context()).Add(-time.Hour)
	end("aACME", &past)
	end("cACME", nil)
	add("d", personal.Export)
	add("e", personal.Erasure)
	require.Equal(t, []string{"aACME", "cACME", "dACME"}, ids(), "what is erased stays so")
	require.NoError(t, personal.DropStale(t.Context(), s.DB, s.Scope))
	gone, err := personal.Part(t.Context(), s.DB.Reader(s.Scope), "aACME", 0)
	require.NoError(t, err)
	require.Nil(t, gone)
	kept, err := personal.Part(t.Context(), s.DB.Reader(s.Scope), "cACME", 0)
	require.NoError(t, err)
	require.Equal(t, "line", string(kept))
	open, err = personal.Waiting(t.Context(), s.DB, 10)
	require.NoError(t, err)
	require.Len(t, open, 3)
}
