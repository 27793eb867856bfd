// Package httpapi is what all HTTP surfaces of the data plane share, the gateway among them: which paths are the tenants', how bodies are read,
// how a fault becomes an answer, and how a request gets its id. It knows no route.
package httpapi
