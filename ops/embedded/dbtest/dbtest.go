// Package dbtest gives tests databases of their own: in a private PostgreSQL server that the test binary starts at first use and
// that ends with it, or in the server that the environment variable FLUENT_TEST_DATABASE names. Only tests may import it.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/ops/embedded"
)

// Environment is the variable that names a running server to be used instead of a private one: the URL of a database whose user
// may create and drop databases.
const Environment = "FLUENT_TEST_DATABASE"

const timeout = 5 * time.Minute

var names atomic.Int64 // number of the last database made by this binary

// New returns the DSN of a fresh, empty database that is dropped when the test ends. Without a server program the test fails.
func New(t testing.TB) string {
	t.Helper()
	dsn, err := create("")
	if err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	t.Cleanup(func() { drop(t, dsn.name) })
	return dsn.url
}

type database struct{ name, url string }

// create makes a database, as a copy of template unless that is empty.
func create(template string) (database, error) {
	srv, err := server()
	if err != nil {
		return database{}, err
	}
	name := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().Unix()%1e6, names.Add(1))
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if err := execute(srv.dsn, statement); err != nil {
		return database{}, err
	}
	url, err := embedded.WithDatabase(srv.dsn, name)
	return database{name: name, url: url}, err
}

func drop(t testing.TB, name string) {
	srv, err := server()
	if err != nil {
		return
	}
	// A node under test may still be letting its connections go; FORCE ends them. CockroachDB knows no FORCE and needs none.
	if execute(srv.dsn, "DROP DATABASE "+name+" WITH (FORCE)") == nil {
		return
	}
	if err := execute(srv.dsn, "DROP DATABASE "+name+" CASCADE"); err != nil {
		t.Logf("drop test database: %v", err)
	}
}

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func query(dsn, statement string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var answer string
	if err := conn.QueryRow(ctx, statement).Scan(&answer); err != nil {
		return "", fmt.Errorf("%s: %w", statement, err)
	}
	return answer, nil
}
