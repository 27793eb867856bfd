package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Versions are versions of configuration, by their ids; what works by which is in Activations.
var Versions = Table[*statev1.ConfigurationVersion]{name: "configuration_versions", key: (*statev1.ConfigurationVersion).GetId,
	groups: func(c *statev1.ConfigurationVersion) []string { return []string{OfAccount(c.GetAccount())} }}

// configurationCommands are about versions of configuration.
var configurationCommands = []command{
	{statev1.Kind_KIND_COMMIT_CONFIGURATION, 1, handle(commitConfiguration, commitNeeds)},
}

func commitNeeds(c *statev1.CommitConfiguration) uint32 {
	if c.GetCommitOnly() {
		return activationsApart
	}
	return 1
}

// commitConfiguration makes a version and, unless it is only to be committed, has the retailer work by it: an upload is one entry of the log.
func commitConfiguration(tx *Tx, c *statev1.CommitConfiguration) (proto.Message, error) {
	key := RetailerKey(c.GetAccount(), c.GetRetailer())
	if err := tx.configurable(c.GetAccount(), c.GetRetailer()); err != nil {
		return nil, err
	}
	active, _ := Activations.Get(tx.View, key)
	base, err := tx.base(c, active)
	if err != nil {
		return nil, err
	}
	version, err := tx.commit(&statev1.ConfigurationVersion{
		Account: c.GetAccount(), Retailer: c.GetRetailer(), Artefacts: merge(base.GetArtefacts(), c.GetArtefacts()),
		Parent: base.GetId(), Author: c.GetAuthor(), Message: c.GetMessage(),
	})
	if err != nil {
		return nil, err
	}
	tx.touch("configuration", key)
	if c.GetCommitOnly() {
		return &statev1.ConfigurationCommitted{Version: version}, nil
	}
	activation, err := tx.activate(&statev1.Activation{Account: c.GetAccount(), Retailer: c.GetRetailer(), Stable: version.GetId()})
	if err != nil {
		return nil, err
	}
	return &statev1.ConfigurationCommitted{Version: version, Activation: activation}, nil
}

// configurable refuses what has no configuration: a retailer that does not exist, or, for retailer 0, such an account.
func (tx *Tx) configurable(account string, retailer int32) error {
	if retailer == 0 {
		if _, found := Accounts.Get(tx.View, account); !found {
			return notFound("account", account)
		}
		return nil
	}
	key := RetailerKey(account, retailer)
	if _, found := Retailers.Get(tx.View, key); !found {
		return notFound("retailer", key)
	}
	return nil
}

// base is the version that a commit changes: the one that it names, else the stable one, if there is any. What is activated by the same command must
// stand on what is stable, and not while a candidate is tried: making that stable afterwards would undo the change.
func (tx *Tx) base(c *statev1.CommitConfiguration, active *statev1.Activation) (*statev1.ConfigurationVersion, error) {
	stable, given := active.GetStable(), c.GetBaseVersion()
	switch {
	case c.GetCommitOnly() && given != "":
		return tx.version(c.GetAccount(), c.GetRetailer(), given, "base_version")
	case given != "" && given != stable:
		return nil, fault.New(fault.Conflict, "The active configuration version is %q, not %q.", stable, given).At("base_version").With("version", stable)
	case !c.GetCommitOnly() && active.GetCandidate() != "":
		return nil, fault.New(fault.Unprocessable, "The configuration version %q is tried as a candidate beside %q, which cannot be changed meanwhile; "+
			"wait until the candidate has become stable or is withdrawn.", active.GetCandidate(), stable).With("candidate", active.GetCandidate())
	}
	version, _ := Versions.Get(tx.View, stable)
	return version, nil
}

// version finds a version of a retailer's configuration. Those of others read like those that do not exist.
func (tx *Tx) version(account string, retailer int32, id, field string) (*statev1.ConfigurationVersion, error) {
	version, found := Versions.Get(tx.View, id)
	if !found || version.GetAccount() != account || version.GetRetailer() != retailer {
		return nil, fault.NotFoundf("There is no configuration version %q of retailer %d of %s.", id, retailer, account).At(field)
	}
	return version, nil
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
