package main

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT id FROM o WHERE account_id = $1 FOR UPDATE SKIP LOCKED": "",
		"LISTEN channel": "syntax error",
		"MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE":                                "syntax error",
		"CREATE TABLE o (account_id TEXT NOT NULL, id INT8 NOT NULL, PRIMARY KEY (account_id, id))": "",
		"CREATE TABLE o (account_id TEXT NOT NULL, id INT8 NOT NULL, PRIMARY KEY (id, account_id))": "begins with \"id\"",
		"CREATE TABLE o (account_id TEXT NOT NULL, id INT8 PRIMARY KEY)":                            "begins with \"id\"",
		"CREATE TABLE slots (slot INT4 PRIMARY KEY)":                                                "",
	} {
		got := strings.Join(check(sql), "; ")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s\n got %q\nwant %q", sql, got, want)
		}
	}
}
