package wire_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fluent-oms/fluent/auth/wire"
	_ "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	_ "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// methods are all that our processes are asked.
func methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	for _, pkg := range []protoreflect.FullName{"fluent.controlplane.v1", "fluent.node.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				for j := range file.Services().Get(i).Methods().Len() {
					all = append(all, file.Services().Get(i).Methods().Get(j))
				}
			}
			return true
		})
	}
	return all
}

func procedure(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

// serveAll serves every method by reading its request and answering nothing.
func serveAll(t *testing.T) string {
	t.Helper()
	server, mux := wire.NewServer(), http.NewServeMux()
	for _, m := range methods() {
		kind := connect.StreamTypeUnary
		if m.IsStreamingServer() {
			kind = connect.StreamTypeServer
		}
		server.Register(connect.Method{
			Spec: connect.Spec{Procedure: procedure(m), StreamType: kind, Schema: m},
			Handler: func(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
				if err := stream.Receive(dynamicpb.NewMessage(m.Input())); err != nil {
					return err
				}
				return stream.Send(dynamicpb.NewMessage(m.Output()))
			},
		})
	}
	wire.Mount(mux, server)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return web.URL
}

// say sends a message in an encoding and returns the error that comes back; empty when there is none.
func say(t *testing.T, url string, m protoreflect.MethodDescriptor, encoding string, body []byte) string {
	t.Helper()
	kind := "application/" + encoding
	if m.IsStreamingServer() {
		kind = "application/connect+" + encoding
		body = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...)
	}
	res, err := http.Post(url+procedure(m), kind, bytes.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if i := bytes.Index(raw, []byte(`"code":"invalid_argument"`)); i >= 0 {
		return string(raw)
	}
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", raw)
	require.NotContains(t, string(raw), `"error"`)
	return ""
}

// place is a way to a field through messages, lists and maps.
type place []protoreflect.FieldDescriptor

// fill sets the field at a place to a value in a JSON tree.
func (p place) fill(value any) any {
	for _, field := range slices.Backward(p) {
		switch {
		case field.IsMap():
			value = map[string]any{"7": value}
		case field.IsList():
			value = []any{value}
		}
		value = map[string]any{string(field.Name()): value}
	}
	return value
}

// walk shows every message and every enum field below a message; recursive messages once.
func walk(d protoreflect.MessageDescriptor, at place, message func(place, protoreflect.MessageDescriptor), enum func(place, protoreflect.EnumDescriptor)) {
	if d.FullName().Parent() == "google.protobuf" || len(at) > 5 {
		return
	}
	message(at, d)
	for i := range d.Fields().Len() {
		field := d.Fields().Get(i)
		value := field
		if field.IsMap() {
			value = field.MapValue()
		}
		here := append(slices.Clone(at), field)
		if value.Message() != nil {
			walk(value.Message(), here, message, enum)
		}
		if value.Enum() != nil {
			enum(here, value.Enum())
		}
	}
}

// TestEveryMethodRefusesWordsThatNobodyKnows sends to every method each of its enums with a name and a number that there is none of, in JSON
// and in binary, and an unknown field into each of its messages.
func TestEveryMethodRefusesWordsThatNobodyKnows(t *testing.T) {
	t.Parallel()
	url := serveAll(t)
	enums, messages := 0, 0
	for _, m := range methods() {
		require.Empty(t, say(t, url, m, "json", []byte("{}")), procedure(m))
		require.Empty(t, say(t, url, m, "proto", nil), procedure(m))
		walk(m.Input(), nil, func(at place, _ protoreflect.MessageDescriptor) {
			messages++
			body, err := json.Marshal(at.fill(map[string]any{"no_such_field": 1}))
			require.NoError(t, err)
			require.Contains(t, say(t, url, m, "json", body), "no_such_field: There is no such field", "%s: %s", procedure(m), body)
		}, func(at place, enum protoreflect.EnumDescriptor) {
			enums++
			first := string(enum.Values().Get(0).Name())
			for _, value := range []any{first + "X", 77} {
				body, err := json.Marshal(at.fill(value))
				require.NoError(t, err)
				require.Contains(t, say(t, url, m, "json", body), "is no "+string(enum.Name()), "%s: %s", procedure(m), body)
			}
			good, err := json.Marshal(at.fill(first))
			require.NoError(t, err)
			require.Empty(t, say(t, url, m, "json", good), "%s: %s", procedure(m), good)
			body, err := json.Marshal(at.fill(77))
			require.NoError(t, err)
			strange := dynamicpb.NewMessage(m.Input())
			require.NoError(t, protojson.Unmarshal(body, strange))
			raw, err := proto.Marshal(strange)
			require.NoError(t, err)
			require.Contains(t, say(t, url, m, "proto", raw), "77 is no "+string(enum.Name()), "%s: %s", procedure(m), body)
		})
	}
	t.Logf("%d methods, %d messages, %d enum fields", len(methods()), messages, enums)
	require.Greater(t, len(methods()), 40)
	require.Greater(t, enums, 10)
	require.Greater(t, messages, 50)
}
