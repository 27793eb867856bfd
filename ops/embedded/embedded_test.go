package embedded_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/embedded"
)

// ownerVariable turns this test binary into the owner of a server: it starts one in the named folder, says so, and waits.
const ownerVariable = "EMBEDDED_TEST_OWNER"

func TestMain(m *testing.M) {
	dir := os.Getenv(ownerVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	srv, err := embedded.Start(context.Background(), embedded.Config{Dir: dir})
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(srv.PID()) + "\n")
	select {}
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	engine, err := embedded.FindKind(embedded.Postgres)
	require.NoError(t, err)
	srv, err := embedded.Start(context.Background(), embedded.Config{Engine: engine, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(srv.Stop)
	return srv
}

func execute(t *testing.T, srv *embedded.Server, statement string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), srv.DSN("shop"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}

// shortDir is a temporary folder whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "emb")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestDataOutlivesAStop(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	srv := start(t, dir)
	for range 2 { // making a database that exists is no error
		require.NoError(t, srv.CreateDatabase(context.Background(), "shop"))
	}
	execute(t, srv, "CREATE TABLE kept (id INT)")
	dsn := srv.DSN("shop")
	srv.Stop()
	<-srv.Exited()

	srv = start(t, dir)
	require.Equal(t, dsn, srv.DSN("shop"))
	execute(t, srv, "SELECT * FROM kept")
}

func TestDataOutlivesAKillOfTheServer(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	srv := start(t, dir)
	require.NoError(t, srv.CreateDatabase(context.Background(), "shop"))
	execute(t, srv, "CREATE TABLE kept (id INT)")
	require.NoError(t, syscall.Kill(srv.PID(), syscall.SIGKILL))
	<-srv.Exited()
	execute(t, start(t, dir), "SELECT * FROM kept")
}

func TestServerEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerVariable+"="+dir)
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	line := make([]byte, 256)
	n, err := out.Read(line)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	require.NoError(t, err, "the owner says: %s", line[:n])

	require.NoError(t, owner.Process.Kill())
	_ = owner.Wait()
	require.Eventually(t, func() bool {
		_, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/exe")
		return err != nil
	}, time.Minute, 20*time.Millisecond)
	start(t, dir)
}

func TestFoldersThatTheServersUserCannotReach(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"below a private folder": filepath.Join(shortDir(t), "private", "state"),
		"too deep for a socket":  filepath.Join(shortDir(t), strings.Repeat("deep/", 20), "state"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, os.MkdirAll(dir, 0o700))
			srv := start(t, dir)
			require.NoError(t, srv.CreateDatabase(context.Background(), "shop"))
			srv.Stop()
			execute(t, start(t, dir), "SELECT 1")
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	choice, err := embedded.Choose("postgres://u:p@db:5432/fluent")
	require.NoError(t, err)
	require.Equal(t, embedded.Choice{URL: "postgres://u:p@db:5432/fluent"}, choice)

	choice, err = embedded.Choose("postgres")
	require.NoError(t, err)
	require.Equal(t, embedded.Postgres, choice.Engine.Kind)

	for _, wrong := range []string{"mysql", "http://db/fluent", "postgres://db:5432", "postgres://db:5432/"} {
		_, err := embedded.Choose(wrong)
		require.Error(t, err, wrong)
	}
}
