package server_test

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

var kindNames = map[cpv1.MachineKind]string{aNode: "node", aGateway: "gateway", aHost: "host"}

// over is a line to some server that runs.
func (c *trio) over(client *http.Client) *connect.Client {
	return connect.NewClient(connecthttp.NewTransport(client, trust.URL(c.anyone())))
}

// line is what a machine's calls go over.
func (c *trio) line(h *trust.Holder) *connect.Client {
	return c.over(trust.NewClient(h.Party(), trust.Kinds(trust.ServerKind)))
}

func (c *trio) clock() time.Time {
	if c.now != nil {
		return c.now()
	}
	return time.Now()
}

// enter joins with a token and gives what the machine holds then.
func (c *trio) enter(kind cpv1.MachineKind, id, text string) (*trust.Holder, error) {
	return c.enterAt(&nodev1.JoinRequest{Token: text, NodeId: id, Kind: kindNames[kind], Address: "127.0.0.1:9"})
}

func (c *trio) enterAt(r *nodev1.JoinRequest) (*trust.Holder, error) {
	line := client(c.anyone(), "")
	if token, err := trust.ParseJoinToken(r.GetToken()); err == nil {
		line = c.over(trust.NewJoinClient(token, c.clock))
	}
	holder, err := trust.Open(filepath.Join(c.t.TempDir(), trust.File), c.clock)
	require.NoError(c.t, err)
	wish, err := trust.NewRequest()
	require.NoError(c.t, err)
	r.CertificateRequest = wish.Bytes()
	var certificate []byte
	var authorities [][]byte
	if r.GetKind() == "host" {
		var out *cpv1.JoinResponse
		out, err = controlplanev1connect.NewHostServiceClient(line).Join(context.Background(), &cpv1.JoinRequest{
			Token: r.GetToken(), HostId: r.GetNodeId(), CertificateRequest: wish.Bytes(),
		})
		certificate, authorities = out.GetCertificate(), out.GetAuthorities()
	} else {
		var out *nodev1.JoinResponse
		out, err = nodev1connect.NewNodeServiceClient(line).Join(context.Background(), r)
		certificate, authorities = out.GetCertificate(), out.GetAuthorities()
	}
	if err != nil {
		return nil, err
	}
	return holder, holder.Accept(wish, certificate, authorities)
}

// request is a new certificate request's bytes.
func (c *trio) request() []byte {
	wish, err := trust.NewRequest()
	require.NoError(c.t, err)
	return wish.Bytes()
}

func (c *trio) machine(kind cpv1.MachineKind, id, place string) *trust.Holder {
	token := c.invite(kind, place, time.Hour)
	return eventually(c.t, func() (*trust.Holder, error) { return c.enter(kind, id, token) })
}
