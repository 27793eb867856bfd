package explorer_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/explorer"
)

func get(t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	explorer.New().ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		require.NoError(t, err)
		raw, err = io.ReadAll(z)
		require.NoError(t, err)
	}
	return string(raw)
}

// TestTheFilesAreThosePublished, packed and plain.
func TestTheFilesAreThosePublished(t *testing.T) {
	t.Parallel()
	sums, err := os.Open("dist/SHA256SUMS")
	require.NoError(t, err)
	defer func() { _ = sums.Close() }()
	lines := bufio.NewScanner(sums)
	n := 0
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		require.True(t, ok)
		for encoding, encoded := range map[string]string{"gzip, br": "gzip", "br, *;q=0.5": "gzip", "": "", "gzip;q=0": "", "br": ""} {
			res := get(t, explorer.Path+name, encoding)
			require.Equal(t, http.StatusOK, res.StatusCode, name)
			require.Equal(t, encoded, res.Header.Get("Content-Encoding"), encoding)
			got := sha256.Sum256([]byte(text(t, res)))
			require.Equal(t, sum, hex.EncodeToString(got[:]), name)
		}
		n++
	}
	require.Equal(t, 4, n)
}

// TestThePageAsksNobodyElse: all that it names is here, and its policy lets nothing else run or load.
func TestThePageAsksNobodyElse(t *testing.T) {
	t.Parallel()
	res := get(t, explorer.Path, "")
	require.Equal(t, http.StatusOK, res.StatusCode)
	policy := res.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "script-src 'self';")
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "http")
	page := text(t, res)
	nonce := regexp.MustCompile(`'nonce-(\w{26})'`).FindStringSubmatch(policy)
	require.Len(t, nonce, 2)
	require.Contains(t, page, `data-nonce="`+nonce[1]+`"`)
	require.NotContains(t, text(t, get(t, explorer.Path, "")), nonce[1], "it is another one each time")
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, links, 7)
	for _, link := range links {
		if link[1] == "data:," {
			continue
		}
		got := get(t, explorer.Path+link[1], "")
		require.Equal(t, http.StatusOK, got.StatusCode, link[1])
		require.Regexp(t, `^text/(javascript|css); charset=utf-8$`, got.Header.Get("Content-Type"))
		require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	}
	require.NotRegexp(t, `<script>|<style>|style=|\son\w+=`, page, "the policy refuses what stands in the page itself")
	script := text(t, get(t, explorer.Path+"graphiql.js", ""))
	require.NotRegexp(t, `new Function\(|\beval\(|\bimport\(|importScripts`, script, "nothing that the policy refuses")
	require.NotRegexp(t, `url\(["']?(https?:)?//|@import`, text(t, get(t, explorer.Path+"graphiql.css", "")))
}

func TestOtherThingsAreNotThere(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"nothing.js", "../explorer.go", "dist/graphiql.js.gz", "page/index.html"} {
		require.Equal(t, http.StatusNotFound, get(t, explorer.Path+path, "").StatusCode, path)
	}
	w := httptest.NewRecorder()
	explorer.New().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, explorer.Path, nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}
