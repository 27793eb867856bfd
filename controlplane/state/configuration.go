package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// commit stores a version under the hash of what it says. The same set of artefacts on the same parent is the same version.
func (tx *Tx) commit(v *statev1.ConfigurationVersion) (*statev1.ConfigurationVersion, error) {
	encoded, err := canonical.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a configuration version: %w", err)
	}
	sum := sha256.Sum256(encoded)
	v.Id = hex.EncodeToString(sum[:16])
	if before, found := Versions.Get(tx.View, v.GetId()); found {
		return before, nil
	}
	v.CreateTime = tx.now()
	return v, Versions.put(tx, v)
}

// activate makes a version the one that a retailer works by; retailer 0 stands for the account itself.
func (tx *Tx) activate(account string, retailer int32, version string) (*statev1.Activation, error) {
	if _, found := Versions.Get(tx.View, version); !found {
		return nil, notFound("configuration version", version)
	}
	a := &statev1.Activation{Account: account, Retailer: retailer, Version: version, Index: uint64(tx.index)}
	if err := Activations.put(tx, a); err != nil {
		return nil, err
	}
	before, found := Retailers.Get(tx.View, RetailerKey(account, retailer))
	if !found {
		return a, nil
	}
	r := proto.CloneOf(before)
	r.Version, r.State = version, cpv1.RetailerState_RETAILER_STATE_ACTIVE
	stamp(tx, r, before)
	return a, Retailers.put(tx, r)
}
