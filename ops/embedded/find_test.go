package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/embedded"
)

func TestNamedCockroachMustExist(t *testing.T) {
	t.Setenv("COCKROACH_BINARY", "/does/not/exist")
	_, err := embedded.Find()
	require.ErrorContains(t, err, "COCKROACH_BINARY")
}

func TestErrorWithoutServerSaysWhatToInstall(t *testing.T) {
	require.ErrorContains(t, embedded.ErrNoServer, "apt-get install postgresql")
}

func TestDebiansFolderIsFoundWithoutPath(t *testing.T) {
	t.Setenv("PATH", "/nowhere")
	t.Setenv("COCKROACH_BINARY", "")
	engine, err := embedded.Find()
	if err != nil {
		t.Skip("PostgreSQL is not installed the Debian way: ", err)
	}
	require.Equal(t, embedded.Postgres, engine.Kind)
}
