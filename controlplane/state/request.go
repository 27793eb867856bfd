package state

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Requests that were done are remembered, by actor and id, and in the order in which the oldest is forgotten.
var (
	requests     = Table[*statev1.Request]{name: "requests", key: (*statev1.Request).GetKey}
	requestOrder = Table[*statev1.Request]{name: "request_order", key: func(r *statev1.Request) string { return sequenceKey(r.GetIndex()) }}
)

func requestKey(meta *statev1.Meta) string { return meta.GetActor() + "\x00" + meta.GetRequestId() }

func replay(seen *statev1.Request, meta *statev1.Meta) (proto.Message, error) {
	if !bytes.Equal(seen.GetFingerprint(), meta.GetFingerprint()) {
		return nil, fault.New(fault.Conflict, "The request id %q was used for another request; choose a new one.", meta.GetRequestId()).At("request_id")
	}
	if len(seen.GetResult()) == 0 {
		return nil, nil
	}
	packed := &anypb.Any{}
	if err := proto.Unmarshal(seen.GetResult(), packed); err != nil {
		return nil, fmt.Errorf("read the answer of request %s: %w", meta.GetRequestId(), err)
	}
	message, err := packed.UnmarshalNew()
	if err != nil {
		return nil, fmt.Errorf("read the answer of request %s: %w", meta.GetRequestId(), err)
	}
	return message, nil
}

// rememberedRequests is how many request ids are kept.
const rememberedRequests = 10_000

// remember stores the answer of a request that has an id, and forgets the oldest one beyond the limit.
func (tx *Tx) remember(answer proto.Message) error {
	if tx.meta.GetRequestId() == "" {
		return nil
	}
	encoded, err := pack(answer)
	if err != nil {
		return err
	}
	r := &statev1.Request{Key: requestKey(tx.meta), Index: uint64(tx.index), Fingerprint: tx.meta.GetFingerprint(), Result: encoded}
	if err := requests.put(tx, r); err != nil {
		return err
	}
	if err := requestOrder.put(tx, &statev1.Request{Key: r.GetKey(), Index: r.GetIndex()}); err != nil {
		return err
	}
	cluster := tx.cluster()
	cluster.Requests++
	if cluster.GetRequests() > rememberedRequests {
		oldest, _ := requestOrder.List(tx.View, Page{Limit: 1})
		if err := requests.remove(tx, oldest[0].GetKey()); err != nil {
			return err
		}
		if err := requestOrder.remove(tx, sequenceKey(oldest[0].GetIndex())); err != nil {
			return err
		}
		cluster.Requests--
	}
	return Clusters.put(tx, cluster)
}

func pack(answer proto.Message) ([]byte, error) {
	if answer == nil {
		return nil, nil
	}
	value, err := canonical.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	name := string(answer.ProtoReflect().Descriptor().FullName())
	return canonical.Marshal(&anypb.Any{TypeUrl: "type.googleapis.com/" + name, Value: value})
}
