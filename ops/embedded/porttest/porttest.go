// Package porttest gives tests addresses to listen on that nothing else on the machine takes, also not while the listener is
// stopped. A port that was free a moment ago would not do: the system hands it to the next connection. Only tests may import it.
package porttest

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// firstPort is above the ports that need privileges; last is the one that this binary gave out last.
const firstPort = 10000

var last atomic.Int32

// Address returns a host:port of this machine. On Linux all of 127.0.0.0/8 is the machine itself, so each process can have a host of
// its own, named after its id; elsewhere the address is one that was free a moment ago.
func Address(t testing.TB) string {
	t.Helper()
	pid := os.Getpid() // 22 bits at most
	own := fmt.Sprintf("127.%d.%d.%d:%d", 64+pid>>16&63, pid>>8&255, pid&255, firstPort+int(last.Add(1)))
	if free(own) == nil {
		return own
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("look for a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func free(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}
