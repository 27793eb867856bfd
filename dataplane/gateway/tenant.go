package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/domain/fault"
)

// AccountHeader tells a node which account the gateway found. A node refuses tokens of any other.
const AccountHeader = "Fluent-Account"

// findAccount says which account a request is for: by host, else by its token, else by the client id of a token request. Nothing is
// verified here; the node does that.
func findAccount(view *desired.View, r *http.Request, body []byte) (string, error) {
	if a := view.AccountByHost(r.Host); a != nil {
		return a.GetName(), nil
	}
	if raw, ok := token.Bearer(r.Header.Get("Authorization")); ok {
		name := string(token.UnverifiedAccount(raw))
		if a := view.Account(name); a != nil {
			return name, nil
		}
		return "", fault.New(fault.Unauthenticated, "The access token is not one of an account that is served here").WithCode("S0040E")
	}
	if id := clientID(r, body); id != "" {
		if a, _ := view.Client(id); a != nil {
			return a.GetName(), nil
		}
		return "", fault.New(fault.Unauthenticated, "No API client %q is known here", id).WithCode("S0040E").At("client_id")
	}
	if r.URL.Path == "/oauth/token" {
		return "", fault.Invalidf("client_id", "client_id is needed").With("oauth", "invalid_request")
	}
	return "", fault.New(fault.Unauthenticated,
		"It can't be told which account this is for: use the account's host name, a bearer token, or client_id in a token request").WithCode("S0040E")
}

// clientID reads the client_id of a token request, which may be in the query or in the form.
func clientID(r *http.Request, body []byte) string {
	if id := r.URL.Query().Get("client_id"); id != "" {
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
