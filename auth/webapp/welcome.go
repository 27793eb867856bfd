// Package webapp is what both planes need to answer browsers. It knows neither tenants nor operators: what it shows is for anybody.
package webapp

import (
	"html/template"
	"net/http"
)

// Welcome is what somebody finds who opens a server's address in a browser: what it is, and where to go from there.
type Welcome struct {
	Title string
	Text  string // one sentence: what answers here, and for whom
	Paths []Path
}

// Path is one address of a server, and what it is for.
type Path struct {
	Address string // as one would type it: GET /healthz
	Use     string
}

// ServeHTTP implements http.Handler: it answers GET and HEAD, and is to be mounted at the root path only. The page asks for nothing else, runs
// no scripts, and is the same for everybody.
func (p Welcome) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	_ = welcome.Execute(w, p) // it fails only where the reader has gone
}

var welcome = template.Must(template.New("welcome").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<link rel="icon" href="data:,">
<style>
body { margin: 3rem auto; max-width: 46rem; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #1e293b; background: #fff }
h1 { font-size: 1.5rem }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .92em }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #cbd5e1; padding: .5rem 1rem .5rem 0; vertical-align: top }
td:first-child { white-space: nowrap }
@media (prefers-color-scheme: dark) { body { color: #e2e8f0; background: #0f172a } td { border-color: #475569 } }
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<table>
{{range .Paths}}<tr><td><code>{{.Address}}</code></td><td>{{.Use}}</td></tr>
{{end}}</table>
</main>
</body>
</html>
`))
