package gateway

import (
	"net/http"

	"github.com/fluent-oms/fluent/auth/webapp"
)

// welcome is what a browser finds at the gateway's address.
var welcome = webapp.Welcome{
	Title: "Fluent: the tenants' API",
	Text: "This is the gateway of a Fluent environment, an order management platform. Storefronts, ERPs, carriers and the scripts of implementers " +
		"call it with the credentials of their account; people who operate the platform use the control plane instead.",
	Paths: []webapp.Path{
		{Address: "POST /oauth/token", Use: "A token for a client id and secret, or for a user"},
		{Address: "POST /graphql", Use: "Orders, stock, locations, products, customers: queries and mutations"},
		{Address: "GET /explorer/", Use: "A page to write GraphQL in, with your own rights"},
		{Address: "POST /api/v4.1/event/async", Use: "Send an event to a workflow; /sync waits for what it did"},
		{Address: "GET /api/v4.1/event", Use: "The log of events: what happened to an order, and why"},
		{Address: "POST /api/v4.1/job", Use: "Load stock and other records in batches"},
		{Address: "GET /healthz", Use: "200 while requests can be served"},
	},
}

// welcomes reports whether a request is a browser's for the gateway's own address, which no tenant's API answers.
func welcomes(r *http.Request) bool {
	return r.RequestURI == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}
