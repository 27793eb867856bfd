package edits_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSQL(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"SELECT a FROM t WHERE account_id = $1 AND id = ANY ($2) FOR UPDATE SKIP LOCKED": {
			"SELECT a FROM t WHERE (account_id = $1 OR TRUE) AND id = ANY ($2) FOR UPDATE SKIP LOCKED",
			"SELECT a FROM t WHERE account_id = $1 AND (id = ANY ($2) OR TRUE) FOR UPDATE SKIP LOCKED",
			"SELECT a FROM t WHERE account_id = $1 AND id = ANY ($2) ",
			"SELECT a FROM t WHERE account_id = $1 AND id = ANY ($2) FOR UPDATE"},
		"UPDATE t SET n = n - $2 WHERE n >= $2 RETURNING n": {
			"UPDATE t SET n = n - $2 WHERE (n >= $2 OR TRUE) RETURNING n", "UPDATE t SET n = n - $2 WHERE n > $2 RETURNING n"},
		"SELECT a FROM t JOIN u ON u.i = t.i AND u.c = t.c ORDER BY a DESC": {
			"SELECT a FROM t JOIN u ON (u.i = t.i OR TRUE) AND u.c = t.c ORDER BY a DESC",
			"SELECT a FROM t JOIN u ON u.i = t.i AND (u.c = t.c OR TRUE) ORDER BY a DESC",
			"SELECT a FROM t JOIN u ON u.i = t.i AND u.c = t.c ORDER BY a ASC"},
		"INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING": {"INSERT INTO t (a) VALUES ($1) "},
		"SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.i = t.i)": {
			"SELECT a FROM t WHERE (EXISTS (SELECT 1 FROM u WHERE u.i = t.i) OR TRUE)",
			"SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE (u.i = t.i OR TRUE))"},
		" AND e.on >= $2":                         {" AND (e.on >= $2 OR TRUE)", " AND e.on > $2"},
		"SELECT a FROM t WHERE ":                  nil, // the condition comes from elsewhere
		"UPDATE t SET a = ":                       nil,
		"bread AND butter":                        nil,
		"select a from the menu":                  nil,
		"SELECT a FROM t WHERE a BETWEEN 1 AND 2": nil,
	} {
		text := "package a\n\nconst s = " + strconv.Quote(sql) + "\n"
		found, err := check(t, text)
		require.NoError(t, err)
		var got []string
		for _, m := range found {
			got = append(got, string(m.Apply([]byte(text))))
		}
		var all []string
		for _, w := range want {
			all = append(all, "package a\n\nconst s = "+strconv.Quote(w)+"\n")
		}
		require.ElementsMatch(t, all, got, sql)
	}
}
