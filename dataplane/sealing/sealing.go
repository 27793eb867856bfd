// Package sealing keeps the keys by which an environment's nodes seal what they keep or give away: in the environment's database, so that each node opens
// what another one sealed, and wrapped by a key that the operator gives the nodes, if he does, so that a copy of the database opens nothing.
package sealing

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
)

// prefix begins the secrets that are wrapped. Others are keys as they are.
const prefix = "sealed:"

// purpose is that of the box that wraps.
const purpose = "environment's sealing keys"

// ErrNoKey is the error of a node that was not given the operator's key, or another one.
var ErrNoKey = errors.New("the environment's sealing keys are sealed by a key that this node was not given: start it with --sealing-keys, or FLUENT_SEALING_KEYS_FILE, " +
	"as the environment's other nodes")

// Keys reads the environment's keys, the newest last, and makes one if there is none. The operator's are of all that there were, the newest last, which wraps
// all that another one or none did; without any, keys are kept as they are.
func Keys(ctx context.Context, db *store.DB, operator ...seal.Key) (keys []seal.Key, err error) {
	var box *seal.Box
	if len(operator) > 0 {
		if box, err = seal.NewBox(purpose, operator...); err != nil {
			return nil, fmt.Errorf("use the operator's sealing keys: %w", err)
		}
	}
	err = access.KeepSealingKeys(ctx, db, func(kept []access.SealingKey) (changed []access.SealingKey, err error) {
		keys, changed, err = opened(kept, box)
		return changed, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the environment's sealing keys: %w", err)
	}
	return keys, nil
}

// opened are the keys that are kept, and those that are to be kept otherwise.
func opened(kept []access.SealingKey, box *seal.Box) (keys []seal.Key, changed []access.SealingKey, err error) {
	if len(kept) == 0 {
		fresh := access.SealingKey(seal.NewKey())
		kept, changed = []access.SealingKey{fresh}, []access.SealingKey{fresh}
	}
	for _, k := range kept {
		text, wrapped := bytes.CutPrefix(k.Secret, []byte(prefix))
		secret := k.Secret
		if wrapped {
			if box == nil {
				return nil, nil, ErrNoKey
			}
			if secret, err = box.Open(k.ID, string(text)); err != nil {
				return nil, nil, ErrNoKey
			}
		}
		keys = append(keys, seal.Key{ID: k.ID, Secret: secret})
		if box != nil && !(wrapped && box.Newest(string(text))) {
			changed = append(without(changed, k.ID), access.SealingKey{ID: k.ID, Secret: []byte(prefix + box.Seal(k.ID, secret))})
		}
	}
	return keys, changed, nil
}

func without(list []access.SealingKey, id string) (out []access.SealingKey) {
	for _, k := range list {
		if k.ID != id {
			out = append(out, k)
		}
	}
	return out
}
