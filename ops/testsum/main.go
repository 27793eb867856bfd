// Command testsum runs `go test -json` with its arguments and prints what a person wants to see: a line per package, the output
// of what failed as soon as it has failed, what it is at when it has said nothing for a while, and at the end which tests were skipped and why,
// what tests tell by attributes (testing.T.Attr), how long it took, and how many tests passed, failed and were skipped.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	os.Exit(code)
}

// silence is how long nothing may be said.
const silence = 9 * time.Second

func run(args []string) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	// An interrupt goes to the whole process group; wait for go test to end its children instead of leaving them.
	signal.Ignore(syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start go test: %w", err)
	}
	sum := newSummary(os.Stdout, time.Now)
	if slices.Contains(args, "./...") {
		sum.print("Running all tests: a quarter of an hour on two cores, of which the first minutes are compiling.\n")
	}
	stopTelling := sum.tell(silence)
	readErr := sum.read(out)
	stopTelling()
	waitErr := cmd.Wait()
	sum.finish()
	if readErr != nil {
		return 1, readErr
	}
	var exit *exec.ExitError
	switch {
	case errors.As(waitErr, &exit):
		return max(1, exit.ExitCode()), nil
	case waitErr != nil:
		return 1, waitErr
	case sum.failed > 0 || sum.total() == 0:
		return 1, nil
	}
	return 0, nil
}
