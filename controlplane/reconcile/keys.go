package reconcile

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/trust"
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

	// An authority is known for longer than a certificate lives before it signs, so that every machine whose certificate is still good
	// trusts it by then; and it is trusted until all that it signed has ended.
	authorityAge       = 365 * 24 * time.Hour
	authorityDelay     = trust.Lifetime + time.Hour
	authorityAfterlife = 2 * trust.Lifetime
)

// Housekeep makes a new signing key before the old one is too old, and the same with authorities, and removes those, keys, join tokens and
// ended operations that nothing needs any more.
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
	lasting := false // some key is young enough, or about to sign
	keys, _ := state.SigningKeys.List(view, state.Page{})
	for _, k := range keys {
		if k.GetRetireTime() == nil && now.Sub(k.GetActiveTime().AsTime()) < keyAge {
			lasting = true
		}
		if retired := k.GetRetireTime(); retired != nil && now.Sub(retired.AsTime()) > keyAfterlife {
			problems = append(problems, d.Commit(ctx, housekeeping, &statev1.RemoveSigningKey{KeyId: k.GetKeyId()}))
		}
	}
	if !lasting {
		problems = append(problems, d.addKey(ctx, now))
	}
	problems = append(problems, d.keepAuthorities(ctx, view, now), d.forgetOperations(ctx, view, now))
	if expired(view, timestamppb.New(now)) {
		problems = append(problems, d.Commit(ctx, housekeeping, &statev1.RemoveJoinTokens{}))
	}
	return errors.Join(problems...)
}

func (d Deps) addKey(ctx context.Context, now time.Time) error {
	key, err := keyring.NewKey(now.Add(keyDelay))
	if err != nil {
		return err
	}
	return d.Commit(ctx, housekeeping, &statev1.AddSigningKey{Key: key})
}

// keepAuthorities does with authorities what is done with keys.
func (d Deps) keepAuthorities(ctx context.Context, view state.View, now time.Time) error {
	var problems []error
	list, _ := state.Authorities.List(view, state.Page{})
	lasting := len(list) == 0
	for _, a := range list {
		if a.GetRetireTime() == nil && now.Sub(a.GetActiveTime().AsTime()) < authorityAge {
			lasting = true
		}
		if retired := a.GetRetireTime(); retired != nil && now.Sub(retired.AsTime()) > authorityAfterlife {
			body := &statev1.RemoveAuthority{Fingerprint: a.GetFingerprint()}
			problems = append(problems, d.Commit(ctx, housekeeping, body))
		}
	}
	if !lasting {
		added, err := keyring.NewAuthority(view.Cluster().GetId(), now, now.Add(authorityDelay))
		if err == nil {
			err = d.Commit(ctx, housekeeping, &statev1.AddAuthority{Authority: added})
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
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
