// Package trust is how the platform's own processes know each other: a cluster has certificate authorities, each process a short-lived
// certificate whose only name says which process of which cluster it is, and both ends of every connection check the other's.
package trust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// The kinds of processes.
const (
	ServerKind  = "server" // of the control plane
	NodeKind    = "node"
	GatewayKind = "gateway"
	HostKind    = "host"
)

const scheme = "fluent"

// Identity says which process a certificate is of.
type Identity struct {
	Cluster     string
	Environment string // of nodes and gateways; empty for the others
	Kind        string
	ID          string
}

var (
	clusterForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
)

// Validate reports an identity that no certificate can carry.
func (i Identity) Validate() error {
	placed := i.Kind == NodeKind || i.Kind == GatewayKind
	switch {
	case !clusterForm.MatchString(i.Cluster):
		return fmt.Errorf("%q is no id of a cluster", i.Cluster)
	case !placed && i.Kind != ServerKind && i.Kind != HostKind:
		return fmt.Errorf("%q is no kind of process", i.Kind)
	case !nameForm.MatchString(i.ID):
		return fmt.Errorf("%q is no id of a %s", i.ID, i.Kind)
	case placed != (i.Environment != ""):
		return fmt.Errorf("a %s of the environment %q: nodes and gateways have one, others none", i.Kind, i.Environment)
	case placed && !nameForm.MatchString(i.Environment):
		return fmt.Errorf("%q is no name of an environment", i.Environment)
	}
	return nil
}

// String is the name in certificates: fluent://CLUSTER/server/ID, fluent://CLUSTER/host/ID, or
// fluent://CLUSTER/environment/ENVIRONMENT/node/ID, and the same with gateway.
func (i Identity) String() string {
	path := "/" + i.Kind + "/" + i.ID
	if i.Environment != "" {
		path = "/environment/" + i.Environment + path
	}
	return scheme + "://" + i.Cluster + path
}

// ParseIdentity reads what String writes, and nothing else.
func ParseIdentity(text string) (Identity, error) {
	rest, ok := strings.CutPrefix(text, scheme+"://")
	parts := strings.Split(rest, "/")
	i := Identity{Cluster: parts[0]}
	switch {
	case ok && len(parts) == 3:
		i.Kind, i.ID = parts[1], parts[2]
	case ok && len(parts) == 5 && parts[1] == "environment":
		i.Environment, i.Kind, i.ID = parts[2], parts[3], parts[4]
	default:
		return Identity{}, fmt.Errorf("%q names no process of a cluster", text)
	}
	if err := i.Validate(); err != nil {
		return Identity{}, fmt.Errorf("%q names no process of a cluster: %w", text, err)
	}
	return i, nil
}

func (i Identity) url() *url.URL {
	u := &url.URL{Scheme: scheme, Host: i.Cluster, Path: "/" + i.Kind + "/" + i.ID}
	if i.Environment != "" {
		u.Path = "/environment/" + i.Environment + u.Path
	}
	return u
}

// IdentityOf reads the one name of a process's certificate. It verifies nothing else.
func IdentityOf(c *x509.Certificate) (Identity, error) {
	if len(c.URIs) != 1 {
		return Identity{}, errors.New("the certificate names no process of a cluster")
	}
	return ParseIdentity(c.URIs[0].String())
}
