package httpapi

import (
	"net/http"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Public reports whether a decoded path is one of the tenants' API. All others are for operators or for the platform's own processes: gateways
// let none of them through, with whatever credentials, and the API answers none of them.
func Public(path string) bool {
	path = WithoutRetailer(path)
	return path == "/graphql" || path == "/explorer" || strings.HasPrefix(path, "/explorer/") || strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/orchestration/")
}

// IsTokenPath reports whether a decoded path is that of token requests.
func IsTokenPath(path string) bool { return WithoutRetailer(path) == "/oauth/token" }

// SignsIn reports whether somebody signs in with a request. Who guesses is delayed by name and source, so other limits on failures leave it out.
func SignsIn(r *http.Request) bool {
	return r.Method == http.MethodPost && IsTokenPath(r.URL.Path)
}

// TooManyFailures is what a source hears whose requests failed too often before it was known who called.
func TooManyFailures() error {
	return fault.New(fault.Limited, "Too many requests from here failed before it was known who called; try again in a moment")
}

// WithoutRetailer takes off a leading /retailer/{id}, as some integration platforms put in base URLs.
func WithoutRetailer(path string) string {
	if rest, ok := strings.CutPrefix(path, "/retailer/"); ok {
		if _, path, found := strings.Cut(rest, "/"); found {
			return "/" + path
		}
	}
	return path
}

// Retailer is the id in what WithoutRetailer takes off; empty where there is nothing.
func Retailer(path string) string {
	rest, ok := strings.CutPrefix(path, "/retailer/")
	id, _, found := strings.Cut(rest, "/")
	if !ok || !found {
		return ""
	}
	return id
}

// AccountHeader is what the gateway sets when the host named an account.
const AccountHeader = "Fluent-Account"

// CallersAccountHeader is what callers may name their account by. It says nothing but where a client id is every account's.
const CallersAccountHeader = "fluent.account"
