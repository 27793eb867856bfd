package trust

import (
	"context"
	"net/http"
	"time"
)

// CallerHeader is how a control-plane server that passes a machine's call on to another one says whose it is. It counts for nothing from
// anybody else.
const CallerHeader = "Fluent-Caller"

// Nobody is what CallerHeader says of a call that came without a certificate: it must not pass for the server's own.
const Nobody = "nobody"

type callerKey struct{}

// NewContext returns a context that carries the process which calls.
func NewContext(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, callerKey{}, id)
}

// Caller is the process that calls; false when no certificate of the cluster was shown.
func Caller(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(callerKey{}).(Identity)
	return id, ok
}

// Handler tells next who calls. Connections live longer than certificates may: a call that comes after its certificate's end is refused.
func Handler(next http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed := r.Header.Get(CallerHeader)
		if passed != "" {
			r.Header.Del(CallerHeader)
		}
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		leaf := r.TLS.PeerCertificates[0]
		id, err := IdentityOf(leaf)
		if err == nil && id.Kind == ServerKind && passed == Nobody {
			next.ServeHTTP(w, r)
			return
		}
		if err == nil && id.Kind == ServerKind && passed != "" {
			cluster := id.Cluster
			if id, err = ParseIdentity(passed); err == nil && id.Cluster != cluster {
				http.Error(w, "a call of another cluster", http.StatusForbidden)
				return
			}
		}
		if err != nil || now().After(leaf.NotAfter) {
			w.Header().Set("Connection", "close")
			http.Error(w, "the certificate of this connection has ended; open a new one", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), id)))
	})
}
