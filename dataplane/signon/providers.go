package signon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/oauth2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/fluent-oms/fluent/auth/outbound"
)

// Bounds of what is asked of providers.
const (
	patience     = 5 * time.Second  // for one answer
	mostAtOnce   = 32               // requests of this node that wait for providers
	maxProviders = 1000             // whose descriptions are in memory
	describedFor = time.Hour        // how long what a provider said of itself holds
	resting      = 10 * time.Second // before a provider that failed is asked again
)

// errBusy is the error where too many wait for providers.
var errBusy = errors.New("signon: too many wait for identity providers")

// providers remembers what providers say of themselves, their keys among it. It is no more than a cache: any node asks anew.
type providers struct {
	client   *http.Client
	patience time.Duration // with one answer
	slots    *semaphore.Weighted
	flight   singleflight.Group
	known    *lru.Cache[string, described]
}

// described is what was heard of an issuer.
type described struct {
	provider *oidc.Provider
	err      error
	until    time.Time
}

func newProviders(policy outbound.Policy, patience time.Duration) *providers {
	known, err := lru.New[string, described](maxProviders)
	if err != nil {
		panic(err) // only a size below one fails
	}
	return &providers{client: policy.Client(patience), patience: patience, slots: semaphore.NewWeighted(mostAtOnce), known: known}
}

// of is an issuer's provider, from memory where it is fresh. One that failed a moment ago fails again, so that nobody waits for it in vain.
func (p *providers) of(ctx context.Context, issuer string) (*oidc.Provider, error) {
	if d, ok := p.known.Get(issuer); ok && time.Now().Before(d.until) {
		return d.provider, d.err
	}
	return p.discover(ctx, issuer)
}

// discover asks an issuer who it is, once for all who want to know.
func (p *providers) discover(ctx context.Context, issuer string) (*oidc.Provider, error) {
	found, err, _ := p.flight.Do(issuer, func() (any, error) {
		var provider *oidc.Provider
		err := p.ask(context.WithoutCancel(ctx), func(ctx context.Context) (err error) {
			provider, err = oidc.NewProvider(ctx, issuer)
			return err
		})
		if errors.Is(err, errBusy) {
			return nil, err
		}
		d := described{provider: provider, err: err, until: time.Now().Add(describedFor)}
		if err != nil {
			d.until = time.Now().Add(resting)
		}
		p.known.Add(issuer, d)
		return provider, err
	})
	if err != nil {
		return nil, err
	}
	return found.(*oidc.Provider), nil
}

// ask gives a context in which requests go to providers, if not too many wait for theirs already.
func (p *providers) ask(ctx context.Context, request func(context.Context) error) error {
	if !p.slots.TryAcquire(1) {
		return errBusy
	}
	defer p.slots.Release(1)
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), 2*p.patience)
	defer cancel()
	return request(ctx)
}

// whyNot says of a provider that cannot be used what an administrator can do about it, and nothing of what is in our network.
func whyNot(err error) string {
	switch {
	case errors.Is(err, outbound.ErrAddress):
		return "The identity provider is not at a public address, or without TLS: only an operator can allow that"
	case errors.Is(err, errBusy):
		return "Too many wait for identity providers now; try again in a moment"
	}
	return "The identity provider does not answer as one: want " + "/.well-known/openid-configuration below the issuer, and the same issuer in it"
}

// skew is by how much a provider's clock may differ from ours.
const skew = 5 * time.Minute

// exchanged is what a provider says of somebody.
func (p *providers) exchange(ctx context.Context, config *oauth2.Config, provider *oidc.Provider, code, verifier string, now func() time.Time) (token *oidc.IDToken, err error) {
	err = p.ask(ctx, func(ctx context.Context) error {
		answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) { // its text holds the answer's body, which is for no log
			return fmt.Errorf("the provider refused the code: %d %s", refused.Response.StatusCode, refused.ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("exchange the code: %w", err)
		}
		raw, _ := answer.Extra("id_token").(string)
		if raw == "" {
			return errors.New("the provider gave no id_token")
		}
		token, err = provider.VerifierContext(ctx, &oidc.Config{ClientID: config.ClientID, Now: now}).Verify(ctx, raw)
		if err != nil {
			return fmt.Errorf("the id_token is not good: %w", err)
		}
		if since := now().Sub(token.IssuedAt); since < -skew || since > flowLife+skew { // which the library does not look at
			return fmt.Errorf("the id_token is not good: it was issued at %s", token.IssuedAt.UTC().Format(time.RFC3339))
		}
		return nil
	})
	return token, err
}
