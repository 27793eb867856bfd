package token

import (
	"crypto/ed25519"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// knownTokens is how many tokens a Verifier remembers, of some hundred bytes each.
const knownTokens = 4096

// known remembers tenants' tokens whose signatures were checked, for a caller shows the same token with each of its requests and a check
// takes longer than many a request's own work. Only good tokens get in. What it says holds for one set of keys: after a replacement
// every token is checked anew.
type known struct {
	tokens *lru.Cache[string, knownTenant]
}

type knownTenant struct {
	tenant   Tenant
	audience string
	keys     *map[string]ed25519.PublicKey // the set that the signature was checked with
}

func newKnown() known {
	tokens, err := lru.New[string, knownTenant](knownTokens)
	if err != nil {
		panic(err) // only a size below one fails
	}
	return known{tokens: tokens}
}

// find returns the token's content if it was checked with these keys and has not expired.
func (k known) find(raw, audience string, keys *KeySet, now time.Time) (Tenant, bool) {
	t, ok := k.tokens.Get(raw)
	if !ok || t.audience != audience || t.keys != keys.keys.Load() || !now.Before(t.tenant.ExpiresAt.Add(Leeway)) {
		return Tenant{}, false
	}
	return t.tenant, true
}

func (k known) keep(raw string, t knownTenant) { k.tokens.Add(raw, t) }
