package reconcile

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

const (
	housekeeping  = "housekeeping" // the reconciler's name in the audit
	keyAge        = 30 * 24 * time.Hour
	keyAfterlife  = 48 * time.Hour  // longer than any token's life
	keyDelay      = 5 * time.Minute // between a key's being known and its signing
	houseInterval = time.Minute
)

// Housekeep makes a new signing key before the old one is too old, and removes keys and join tokens that nothing needs any more.
func Housekeep(ctx context.Context, d Deps) error {
	tick := time.NewTicker(houseInterval)
	defer tick.Stop()
	for {
		if err := d.housekeep(ctx); err != nil && ctx.Err() == nil {
			d.Logger.WarnContext(ctx, "housekeeping", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d Deps) housekeep(ctx context.Context) error {
	view, now := d.Store.View(), d.Now()
	if view.Cluster().GetId() == "" {
		return nil
	}
	var problems []error
	fresh := false // some key is young enough, or about to sign
	keys, _ := state.SigningKeys.List(view, state.Page{})
	for _, k := range keys {
		if k.GetRetireTime() == nil && now.Sub(k.GetActiveTime().AsTime()) < keyAge {
			fresh = true
		}
		if retired := k.GetRetireTime(); retired != nil && now.Sub(retired.AsTime()) > keyAfterlife {
			problems = append(problems, d.commit(ctx, housekeeping, statev1.Kind_KIND_REMOVE_SIGNING_KEY, &statev1.RemoveSigningKey{KeyId: k.GetKeyId()}))
		}
	}
	if !fresh {
		problems = append(problems, d.addKey(ctx, now))
	}
	if expired(view, timestamppb.New(now)) {
		problems = append(problems, d.commit(ctx, housekeeping, statev1.Kind_KIND_REMOVE_JOIN_TOKENS, &statev1.RemoveJoinTokens{}))
	}
	return errors.Join(problems...)
}

func (d Deps) addKey(ctx context.Context, now time.Time) error {
	key, err := keyring.NewKey(now.Add(keyDelay))
	if err != nil {
		return err
	}
	return d.commit(ctx, housekeeping, statev1.Kind_KIND_ADD_SIGNING_KEY, &statev1.AddSigningKey{Key: key})
}

func expired(v state.View, now *timestamppb.Timestamp) bool {
	tokens, _ := state.JoinTokens.List(v, state.Page{})
	for _, t := range tokens {
		if t.GetExpireTime().AsTime().Before(now.AsTime()) {
			return true
		}
	}
	return false
}
