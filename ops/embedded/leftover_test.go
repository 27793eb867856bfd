package embedded

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// White box: a server without its death signal, which the public API cannot make, stands for one that outlived its owner.
func TestServerLeftRunningIsStopped(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "emb")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	engine, err := FindKind(Postgres)
	require.NoError(t, err)
	srv, err := Start(context.Background(), Config{Engine: engine, Dir: dir})
	require.NoError(t, err)
	srv.Stop()

	p, err := newPlace(srv.cfg.Dir)
	require.NoError(t, err)
	orphan, release, err := p.command(engine.Program, "-D", p.serverData(), "-c", "listen_addresses=", "-c", "unix_socket_directories="+p.socket)
	require.NoError(t, err)
	defer release()
	require.NoError(t, orphan.Start())
	t.Cleanup(func() { _ = orphan.Process.Signal(syscall.SIGQUIT); _ = orphan.Wait() })
	ready := pidFile{pid: orphan.Process.Pid, state: "ready"}
	require.Eventually(t, func() bool { return readPIDFile(p.data()) == ready }, time.Minute, 10*time.Millisecond)

	again, err := Start(context.Background(), Config{Engine: engine, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(again.Stop)
	require.NotEqual(t, orphan.Process.Pid, readPIDFile(p.data()).pid)
}
