package gateway

import (
	"net/http"
	"net/url"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/domain/fault"
)

// AccountHeader tells a node which account the gateway found. A node refuses tokens of any other.
const AccountHeader = "Fluent-Account"

// accounts remembers which account tokens name, as reading one costs more than sending it on.
type accounts struct{ byToken *lru.Cache[string, string] }

// maxTokens is how many tokens are remembered.
const maxTokens = 4096

func newAccounts() *accounts {
	cache, _ := lru.New[string, string](maxTokens) // fails for sizes below one only
	return &accounts{byToken: cache}
}

func (a *accounts) of(raw string) string {
	name, ok := a.byToken.Get(raw)
	if !ok {
		if name = string(token.UnverifiedAccount(raw)); name != "" {
			a.byToken.Add(strings.Clone(raw), name)
		}
	}
	return name
}

// find says which account a request is for: by host, else by its token, else by the client id of a token request. Nothing is
// verified here; the node does that.
func (a *accounts) find(view *desired.View, r *http.Request, target door.Target, body []byte) (string, error) {
	if found := view.AccountByHost(r.Host); found != nil {
		return found.GetName(), nil
	}
	if raw, ok := token.Bearer(r.Header.Get("Authorization")); ok {
		name := a.of(raw)
		if name != "" && view.Account(name) != nil {
			return name, nil
		}
		return "", fault.New(fault.Unauthenticated, "The access token is not one of an account that is served here").WithCode("S0040E")
	}
	if id := clientID(r, target, body); id != "" {
		if found, _ := view.Client(id); found != nil {
			return found.GetName(), nil
		}
		return "", fault.New(fault.Unauthenticated, "No API client %q is known here", id).WithCode("S0040E").At("client_id")
	}
	if target.Path == "/oauth/token" {
		return "", fault.Invalidf("client_id", "client_id is needed").With("oauth", "invalid_request")
	}
	return "", fault.New(fault.Unauthenticated,
		"It can't be told which account this is for: use the account's host name, a bearer token, or client_id in a token request").WithCode("S0040E")
}

// clientID reads the client_id of a token request, which may be in the query or in the form.
func clientID(r *http.Request, target door.Target, body []byte) string {
	query, _ := url.ParseQuery(target.Query) // the node answers what is wrong with it
	if id := query.Get("client_id"); id != "" {
		return id
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "" // the node answers what is wrong with the form
	}
	return form.Get("client_id")
}
