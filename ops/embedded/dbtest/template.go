package dbtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// templates has one entry per template of this binary: its name → func() (database, error) that makes it once.
var templates sync.Map

// Template returns the DSN of a fresh copy of the database that migrate has prepared. migrate runs once per test binary and name and
// has to close its connections; a copy takes some 30 ms. On a server without templates (CockroachDB) migrate runs for each copy.
func Template(t testing.TB, name string, migrate func(dsn string) error) string {
	t.Helper()
	once, _ := templates.LoadOrStore(name, sync.OnceValues(func() (database, error) { return prepare(name, migrate) }))
	template, err := once.(func() (database, error))()
	if err != nil {
		t.Fatalf("prepare the template database %s: %v", name, err)
	}
	if template.name == "" {
		dsn := New(t)
		if err := migrate(dsn); err != nil {
			t.Fatalf("prepare a test database: %v", err)
		}
		return dsn
	}
	clone, err := create(template.name)
	if err != nil {
		t.Fatalf("copy the template database %s: %v", name, err)
	}
	t.Cleanup(func() { drop(t, clone.name) })
	return clone.url
}

// prepare makes a migrated database; the zero database stands for a server that cannot copy one.
func prepare(name string, migrate func(dsn string) error) (database, error) {
	srv, err := server()
	if err != nil {
		return database{}, err
	}
	version, err := query(srv.dsn, "SELECT version()")
	if err != nil {
		return database{}, err
	}
	if strings.HasPrefix(version, "CockroachDB") {
		return database{}, nil
	}
	template, err := create("")
	if err != nil {
		return database{}, err
	}
	if err := migrate(template.url); err != nil {
		return database{}, fmt.Errorf("migrate: %w", err)
	}
	return template, nil
}
