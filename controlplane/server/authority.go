package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
)

// authorityFile is the name of the file in a server's folder that makes it a server of its cluster.
const authorityFile = "authority.pem"

// openAuthorities reads this server's copy of the cluster's authority, taking it from the configured file at the first start.
func openAuthorities(store *state.Store, config Config) (*keyring.Authorities, error) {
	path := filepath.Join(config.Dir, authorityFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		raw, err := firstAuthority(config)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(config.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the control plane's folder: %w", err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return nil, fmt.Errorf("keep the cluster's authority: %w", err)
		}
	}
	return keyring.OpenAuthorities(store, keyring.AuthorityConfig{Server: config.ID, File: path, Also: publicNames(config)}, config.Now)
}

func firstAuthority(config Config) ([]byte, error) {
	switch {
	case config.Authority != "":
		raw, err := os.ReadFile(config.Authority)
		if err != nil {
			return nil, fmt.Errorf("read the cluster's authority: %w", err)
		}
		if _, err := trust.DecodeAuthorities(raw); err != nil {
			return nil, fmt.Errorf("read the cluster's authority in %s: %w", config.Authority, err)
		}
		return raw, nil
	case config.Bootstrap && len(config.Peers) == 1:
		return keyring.MakeAuthority(trust.NewClusterID(), config.Now())
	}
	return nil, errors.New("the servers of a cluster need its authority at their first start: make a file with `fluent cluster authority` for a " +
		"new cluster, or take authority.pem from the folder of a server that runs, and name it with --authority")
}

// publicNames are the names of this server's API, for operators and browsers.
func publicNames(config Config) trust.Addresses {
	var a trust.Addresses
	for _, address := range []string{config.APIListen, config.self().API, "localhost:0", "127.0.0.1:0"} {
		host, _, err := net.SplitHostPort(address)
		if err != nil || host == "" {
			continue
		}
		if ip := net.ParseIP(host); ip != nil {
			a.IPs = append(a.IPs, ip)
		} else {
			a.Names = append(a.Names, host)
		}
	}
	return a
}

// forOthers is what operators and browsers are shown; nil: the certificate by the cluster's authority.
func forOthers(config Config) (*tls.Config, error) {
	if config.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(config.Certificate, config.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate for operators: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair}}, nil
}
