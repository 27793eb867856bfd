package supervise

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports that are given out lie below those that Linux takes for outgoing connections, so that one stays free between its
// choice and the start of the process that it is for.
const (
	firstPort = 20000
	lastPort  = 32000
)

// FreeAddress returns host with a port on which nothing listens now.
func FreeAddress(host string) (string, error) {
	var err error
	for range 100 {
		address := net.JoinHostPort(host, strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		if err = CanListen(address); err == nil {
			return address, nil
		}
	}
	return "", fmt.Errorf("find a free port on %s: %w", host, err)
}

// CanListen reports by nil that nothing listens on an address of this machine.
func CanListen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return l.Close()
}
