package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Versions are versions of configuration, by their ids; what works by which is in Activations.
var Versions = Table[*statev1.ConfigurationVersion]{name: "configuration_versions", key: (*statev1.ConfigurationVersion).GetId,
	groups: func(c *statev1.ConfigurationVersion) []string { return []string{OfAccount(c.GetAccount())} }}

// Activations say which version a retailer works by, by RetailerKey.
var Activations = Table[*statev1.Activation]{name: "activations",
	key: func(a *statev1.Activation) string { return RetailerKey(a.GetAccount(), a.GetRetailer()) }}

// configurationCommands are about versions of configuration and what is active.
var configurationCommands = []command{
	{statev1.Kind_KIND_COMMIT_CONFIGURATION, 1, handle(commitConfiguration)},
}

func commitConfiguration(tx *Tx, c *statev1.CommitConfiguration) (proto.Message, error) {
	key := RetailerKey(c.GetAccount(), c.GetRetailer())
	if c.GetRetailer() != 0 {
		if _, found := Retailers.Get(tx.View, key); !found {
			return nil, notFound("retailer", key)
		}
	} else if _, found := Accounts.Get(tx.View, c.GetAccount()); !found {
		return nil, notFound("account", c.GetAccount())
	}
	active, _ := Activations.Get(tx.View, key)
	if c.GetBaseVersion() != "" && c.GetBaseVersion() != active.GetVersion() {
		return nil, fault.New(fault.Conflict, "The active configuration version is %q, not %q.", active.GetVersion(), c.GetBaseVersion()).
			At("base_version").With("version", active.GetVersion())
	}
	parent, _ := Versions.Get(tx.View, active.GetVersion())
	version, err := tx.commit(&statev1.ConfigurationVersion{
		Account: c.GetAccount(), Retailer: c.GetRetailer(), Artefacts: merge(parent.GetArtefacts(), c.GetArtefacts()),
		Parent: active.GetVersion(), Author: c.GetAuthor(), Message: c.GetMessage(),
	})
	if err != nil {
		return nil, err
	}
	activation, err := tx.activate(c.GetAccount(), c.GetRetailer(), version.GetId())
	if err != nil {
		return nil, err
	}
	tx.touch("configuration", key)
	return &statev1.ConfigurationCommitted{Version: version, Activation: activation}, nil
}

// merge changes artefacts; an empty hash takes one out.
func merge(base, changes map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(changes))
	for name, hash := range base {
		out[name] = hash
	}
	for name, hash := range changes {
		if hash == "" {
			delete(out, name)
			continue
		}
		out[name] = hash
	}
	return out
}

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
