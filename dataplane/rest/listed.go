package rest

// Route is a row of the API as its documentation shows it.
type Route struct {
	Method, Path string
	Permission   string // empty: what is asked for decides
}

// Routes lists what callers with a token may call besides GraphQL.
func Routes() []Route {
	var out []Route
	for _, r := range new(API).routes() {
		out = append(out, Route{Method: r.method, Path: r.pattern, Permission: r.permission})
	}
	return out
}
