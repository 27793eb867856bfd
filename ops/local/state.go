package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/supervise"
)

// state is what a second run needs to go on where the first ended: addresses that others remember, and secrets that are kept in
// the clear nowhere else. Its file is readable by its owner only.
type state struct {
	path string

	Gateway  string      `json:"gateway"` // host:port
	Servers  []server    `json:"servers"`
	Operator credentials `json:"operator"`
	Demo     demoAccount `json:"demo"`
}

// server is a control-plane server.
type server struct {
	ID   string `json:"id"`
	API  string `json:"api"`  // host:port
	Raft string `json:"raft"` // host:port
}

func (s server) url() string { return "http://" + s.API }

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// demoAccount holds the secrets of the demo account and whether its data are there.
type demoAccount struct {
	credentials
	Account      string `json:"account"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	RetailerID   string `json:"retailerId"`
	Data         string `json:"data"` // empty until all of them are loaded
}

// dataLoaded says that the demo data are all there.
const dataLoaded = "loaded"

// openState reads the state of an earlier run, or makes and keeps a new one.
func openState(config Config) (*state, error) {
	s := &state{path: filepath.Join(config.Dir, "installation.json")}
	raw, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.fill()
	case err != nil:
		return nil, fmt.Errorf("read the installation's state: %w", err)
	default:
		if err := json.Unmarshal(raw, s); err != nil {
			return nil, fmt.Errorf("read the installation's state in %s: %w", s.path, err)
		}
	}
	if err := s.chooseAddresses(config); err != nil {
		return nil, err
	}
	return s, s.save()
}

func (s *state) save() error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the installation's state: %w", err)
	}
	return login.WritePrivate(s.path, append(raw, '\n'))
}

// fill makes the secrets.
func (s *state) fill() {
	s.Operator = credentials{Username: "admin", Password: password.Secret(12)}
	s.Demo = demoAccount{
		credentials: credentials{Username: "demo-admin", Password: password.Secret(12)},
		Account:     "DEMO", ClientID: "DEMO", ClientSecret: password.Secret(24), RetailerID: "1",
	}
}

// chooseAddresses keeps the addresses of an earlier run and chooses those that are missing. Servers beyond the first run's number
// are not added: their number is the raft group's, which only the control plane changes.
func (s *state) chooseAddresses(config Config) error {
	host, port, err := splitAddress(config.Listen)
	if err != nil {
		return err
	}
	_, keptPort, err := splitAddress(s.Gateway)
	if err != nil || (port != 0 && port != keptPort) {
		if s.Gateway, err = choose(host, port); err != nil {
			return err
		}
	}
	if err := supervise.CanListen(s.Gateway); err != nil {
		return fmt.Errorf("the gateway's address is taken, choose another with --listen: %w", err)
	}
	if len(s.Servers) > 0 {
		return nil
	}
	for n := range config.ControlPlanes {
		added := server{ID: "cp" + strconv.Itoa(n+1)}
		if added.API, err = nearby(host, port, n); err != nil {
			return err
		}
		if added.Raft, err = supervise.FreeAddress(host); err != nil {
			return err
		}
		s.Servers = append(s.Servers, added)
	}
	return nil
}

// nearby is the address of the nth server: ten ports above the gateway's where that is free, for people remember 8090.
func nearby(host string, port, n int) (string, error) {
	if port != 0 {
		address := net.JoinHostPort(host, strconv.Itoa(port+10+n))
		if supervise.CanListen(address) == nil {
			return address, nil
		}
	}
	return supervise.FreeAddress(host)
}

func choose(host string, port int) (string, error) {
	if port == 0 {
		return supervise.FreeAddress(host)
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("address %q: want host:port, as 127.0.0.1:8080: %w", address, err)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("address %q: the port is no number from 0 to 65535", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return host, port, nil
}
