package operation

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Nodes asks nodes.
type Nodes interface {
	// Ask has a node answer a request of its TenantService. The error of a node's refusal is a connect.Error.
	Ask(ctx context.Context, on *cpv1.Node, request proto.Message) (proto.Message, error)
}

// callTime is how long a node may work on a call.
const callTime = 30 * time.Second

// NodeClient is Nodes over the network.
type NodeClient struct {
	party trust.Party

	mu    sync.Mutex
	nodes map[trust.Identity]*http.Client
}

// NewNodeClient makes a client that calls nodes in the name of a control-plane server.
func NewNodeClient(party trust.Party) *NodeClient {
	return &NodeClient{party: party, nodes: map[trust.Identity]*http.Client{}}
}

// client makes calls to one node, and to no other one that answers at its address.
func (c *NodeClient) client(on *cpv1.Node) *connect.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := trust.Identity{Cluster: c.party.Cluster(), Environment: on.GetEnvironment(), Kind: trust.NodeKind, ID: on.GetId()}
	if c.nodes[id] == nil {
		c.nodes[id] = trust.NewClient(c.party, trust.Exactly(id))
		c.nodes[id].Timeout = callTime
	}
	return connect.NewClient(wire.NewTransport(c.nodes[id], "https://"+on.GetAddress()))
}

// Ask calls the method of TenantService that takes such a request.
func (c *NodeClient) Ask(ctx context.Context, on *cpv1.Node, request proto.Message) (proto.Message, error) {
	method, known := methods[request.ProtoReflect().Descriptor().FullName()]
	if !known {
		return nil, fmt.Errorf("ask %s: nodes have no method that takes %T", on.GetId(), request)
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", on.GetId(), err)
	}
	answer := kind.New().Interface()
	spec := connect.Spec{
		StreamType: connect.StreamTypeUnary, Schema: method, Procedure: "/" + string(method.Parent().FullName()) + "/" + string(method.Name()),
	}
	if err := c.client(on).CallUnary(ctx, spec, request, answer); err != nil {
		return nil, fmt.Errorf("%s on %s: %w", method.Name(), on.GetId(), err)
	}
	return answer, nil
}

// methods are what nodes can be asked, by the requests.
var methods = methodsOf(nodev1.File_fluent_node_v1_node_proto.Services().ByName("TenantService"))

func methodsOf(service protoreflect.ServiceDescriptor) map[protoreflect.FullName]protoreflect.MethodDescriptor {
	out := map[protoreflect.FullName]protoreflect.MethodDescriptor{}
	for i := range service.Methods().Len() {
		m := service.Methods().Get(i)
		out[m.Input().FullName()] = m
	}
	return out
}
