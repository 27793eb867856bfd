package door

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
)

// ListenAgain listens on an address, host:port. Where that leaves the port to the system (127.0.0.1:0), the one that it gives is kept in a
// file, and the next start takes it again, since others have it written down; only if somebody else has taken it meanwhile is it another one.
func ListenAgain(address, file string, log *slog.Logger) (net.Listener, error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil || number != "0" {
		return listen(address)
	}
	if kept, err := os.ReadFile(file); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(kept)), 10, 16); err == nil && n > 0 {
			l, err := listen(net.JoinHostPort(host, strconv.FormatUint(n, 10)))
			if err == nil {
				return l, nil
			}
			log.Warn("the port of the last start cannot be had; taking another", "error", err)
		}
	}
	l, err := listen(address)
	if err != nil {
		return nil, err
	}
	_, number, err = net.SplitHostPort(l.Addr().String())
	if err == nil {
		err = os.WriteFile(file, []byte(number+"\n"), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the port: %w", errors.Join(err, l.Close()))
	}
	return l, nil
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
