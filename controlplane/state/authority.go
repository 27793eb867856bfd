package state

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Authorities are the authorities that sign certificates, by their fingerprints.
var Authorities = Table[*statev1.Authority]{name: "authorities", key: (*statev1.Authority).GetFingerprint}

// authorityCommands are about the authorities that sign certificates.
var authorityCommands = []command{
	{statev1.Kind_KIND_ADD_AUTHORITY, 3, handle(addAuthority)},
	{statev1.Kind_KIND_REMOVE_AUTHORITY, 3, handle(removeAuthority)},
}

// addAuthority adds an authority; those before it retire when it becomes active.
func addAuthority(tx *Tx, c *statev1.AddAuthority) (proto.Message, error) {
	added := c.GetAuthority()
	if _, found := Authorities.Get(tx.View, added.GetFingerprint()); found {
		return nil, exists("authority", added.GetFingerprint())
	}
	list, _ := Authorities.List(tx.View, Page{})
	for _, a := range slices.Clone(list) {
		if a.GetRetireTime() != nil {
			continue
		}
		a = proto.CloneOf(a)
		a.RetireTime = added.GetActiveTime()
		if err := Authorities.put(tx, a); err != nil {
			return nil, err
		}
	}
	tx.touch("authority", added.GetFingerprint())
	// The answer is remembered with its request: without the private half.
	return &statev1.Authority{Fingerprint: added.GetFingerprint(), Certificate: added.GetCertificate(), ActiveTime: added.GetActiveTime()}, Authorities.put(tx, added)
}

func removeAuthority(tx *Tx, c *statev1.RemoveAuthority) (proto.Message, error) {
	a, found := Authorities.Get(tx.View, c.GetFingerprint())
	if !found {
		return nil, notFound("authority", c.GetFingerprint())
	}
	if a.GetRetireTime() == nil || a.GetRetireTime().AsTime().After(tx.now().AsTime()) {
		return nil, fault.New(fault.Unprocessable, "The authority %s is in use.", c.GetFingerprint())
	}
	tx.touch("authority", c.GetFingerprint())
	return nil, Authorities.remove(tx, c.GetFingerprint())
}
