// Package explorer serves the GraphQL explorer: a page in which people write documents, with completion and the schema's own words, and send them
// with a token of theirs. It is the same for everybody, knows no account, and asks no host but its own.
package explorer

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Path is where the explorer is mounted.
const Path = "/explorer/"

//go:embed dist page
var files embed.FS

// asset is a file as it is sent.
type asset struct {
	kind         string
	plain, small []byte // small is compressed
}

// Explorer is the explorer's handler. Make it by New.
type Explorer struct {
	page   *template.Template
	assets map[string]asset
}

// New makes the handler.
func New() *Explorer {
	e := &Explorer{page: template.Must(template.ParseFS(files, "page/index.html")), assets: map[string]asset{}}
	for _, name := range []string{"graphiql.js", "graphiql.css", "react.js", "react-dom.js"} {
		e.add(name, "dist/"+name+".gz", true)
	}
	for _, name := range []string{"explorer.js", "explorer.css"} {
		e.add(name, "page/"+name, false)
	}
	return e
}

// add takes an embedded file in. What is embedded is known to be there and whole.
func (e *Explorer) add(name, from string, compressed bool) {
	raw, err := files.ReadFile(from)
	if err != nil {
		panic(err)
	}
	a := asset{kind: mime.TypeByExtension(path.Ext(name)), plain: raw}
	if a.kind == "" {
		a.kind = "text/javascript; charset=utf-8"
	}
	if compressed {
		a.small, a.plain = raw, nil
	}
	e.assets[name] = a
}

// policy is the page's Content-Security-Policy. Fonts and images of the explorer's stylesheet are in it, as data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// ServeHTTP implements http.Handler.
func (e *Explorer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	name := strings.TrimPrefix(r.URL.Path, Path)
	a, ok := e.assets[name]
	switch {
	case name == "":
		e.serveForm(w)
	case !ok:
		http.NotFound(w, r)
	default:
		a.serve(w, r)
	}
}

// serveForm sends the page, with a word of this answer's own for what styles it may add.
func (e *Explorer) serveForm(w http.ResponseWriter) {
	nonce := rand.Text()
	var body bytes.Buffer
	if err := e.page.Execute(&body, nonce); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // who is gone needs no page
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=3600")
	body := a.plain
	if a.small != nil {
		h.Set("Vary", "Accept-Encoding")
		body = a.small
		if accepts(r) {
			h.Set("Content-Encoding", "gzip")
		} else {
			body = unpack(body)
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who is gone needs no file
}

// accepts reports whether a browser takes gzip. All do; who says that it does so less gladly does so all the same.
func accepts(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" || name == "*" {
			return strings.ReplaceAll(strings.TrimSpace(quality), " ", "") != "q=0"
		}
	}
	return false
}

// unpack decompresses what is embedded, which is known to be whole.
func unpack(small []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(small))
	if err != nil {
		panic(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return out
}
