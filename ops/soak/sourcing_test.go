//go:build soak

package soak_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSourcingByBruteForce holds the choice of places of 100,000 random orders against all sets of places.
func TestSourcingByBruteForce(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "BruteForce", "-v", "./domain/order/sourcing", "-cases", "100000")
	run.Dir = root
	out, err := run.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: TestTheBestSetByBruteForce", "the test ran")
}
