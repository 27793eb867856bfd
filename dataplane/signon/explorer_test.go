package signon_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/explorer"
)

// report is what came of a person's doings in the explorer.
type report struct {
	Open                       bool
	Problem, URL, Stored, Left string
	Violations, Failures       []string
}

// chromium is a browser's program; empty: there is none.
func chromium() string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// pages serves the site's nodes and the explorer, whose page a driver works at, and hands on what it reports.
type pages struct {
	s       *site
	node    http.Handler
	reports chan report
	mu      sync.Mutex
	paths   []string
}

// ServeHTTP implements http.Handler.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.paths = append(p.paths, r.URL.Path)
	p.mu.Unlock()
	switch {
	case r.URL.Path == "/report":
		var got report
		if json.NewDecoder(r.Body).Decode(&got) == nil {
			p.reports <- got
		}
	case r.URL.Path == explorer.Path+"driver.js":
		http.ServeFile(w, r, "testdata/driver.js")
	case r.URL.Path == explorer.Path:
		page := httptest.NewRecorder()
		explorer.New().ServeHTTP(page, r)
		for k, v := range page.Header() {
			w.Header()[k] = v
		}
		_, _ = w.Write(bytes.Replace(page.Body.Bytes(), []byte("</body>"), []byte(`<script src="driver.js"></script></body>`), 1))
	case strings.HasPrefix(r.URL.Path, explorer.Path):
		explorer.New().ServeHTTP(w, r)
	case r.URL.Path == "/graphql":
		answer := httptest.NewRecorder()
		p.node.ServeHTTP(answer, r)
		if w.WriteHeader(answer.Code); answer.Code == http.StatusOK {
			_, _ = io.WriteString(w, `{"data":{"me":{"id":"1"}}}`) // the site's nodes serve no GraphQL
			return
		}
		_, _ = w.Write(answer.Body.Bytes())
	default:
		p.node.ServeHTTP(w, r)
	}
}

// TestPeopleSignInToTheExplorer in a real browser, which reaches nothing but the site: by password, at their company, and with a token that is none.
func TestPeopleSignInToTheExplorer(t *testing.T) {
	program := chromium()
	if program == "" {
		t.Skip("NOT CHECKED: there is no Chromium (CHROMIUM names one)")
	}
	t.Parallel()
	s := newSite(t)
	p := &pages{s: s, node: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.nodes[s.turn.Add(1)%2].ServeHTTP(w, r) }), reports: make(chan report, 9)}
	web := httptest.NewServer(p)
	t.Cleanup(web.Close)
	base := "http://localhost" + web.URL[strings.LastIndex(web.URL, ":"):]
	visit := func(query string) report {
		t.Helper()
		browser := exec.CommandContext(t.Context(), program, "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0",
			"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1", base+explorer.Path+"?"+query)
		require.NoError(t, browser.Start())
		defer func() {
			_ = browser.Process.Kill()
			_ = browser.Wait()
		}()
		select {
		case got := <-p.reports:
			return got
		case <-time.After(time.Minute):
			require.Fail(t, "the browser reports nothing", "%q asked for %v", query, p.paths)
			return report{}
		}
	}
	opens := func(got report) {
		t.Helper()
		require.True(t, got.Open, "%+v", got)
		require.Equal(t, []any{"", ""}, []any{got.Problem, got.Left}, "no secret stays in a field")
		require.Empty(t, got.Violations, "all that the page does its policy allows")
		require.Empty(t, got.Failures)
		require.NotContains(t, got.URL, "code=")
		for _, secret := range []string{"eyJ", right, "secret of"} {
			require.NotContains(t, got.Stored, secret)
		}
	}
	opens(visit("drive=password&user=admin&password=" + url.QueryEscape(right)))
	require.Equal(t, "User name or password is wrong", visit("drive=password&user=admin&password=wrong").Problem)
	require.Equal(t, "The token is not good, or no longer.", visit("drive=token").Problem)

	s.config["callback"], s.config["apps"] = base+"/oauth/callback", []string{base + explorer.Path}
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	back := visit("drive=company")
	opens(back)
	require.Equal(t, base+explorer.Path, back.URL, "the code is in no address any more")
	require.NotContains(t, back.Stored, "verifier")
	require.Equal(t, "This sign-in was not begun here: begin anew.", visit("code=stolen&state=x").Problem)
}
