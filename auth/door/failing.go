package door

import "net/http"

// Handler passes requests on to next while their source may be looked at, and to refuse otherwise. Requests that spared names are not looked at:
// those of our own processes, and those in which somebody signs in, who is delayed by other means.
func (f *Failures) Handler(next, refuse http.Handler, proxies Proxies, spared func(*http.Request) bool) http.Handler {
	if f.perMinute == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if spared(r) {
			next.ServeHTTP(w, r)
			return
		}
		source, credential := proxies.Source(r), r.Header.Get("Authorization")
		if !f.Admits(source, credential) {
			refuse.ServeHTTP(w, r)
			return
		}
		seen := &StatusWriter{ResponseWriter: w, Status: http.StatusOK}
		next.ServeHTTP(seen, r)
		f.Note(source, credential, seen.Status)
	})
}
