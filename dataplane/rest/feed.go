package rest

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/feed"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// lines is the media type of a stream: JSON, a line each.
const lines = "application/x-ndjson"

// followChanges answers followers of the feed with a page, or with a stream if they accept one.
func (a *API) followChanges(c *call) (any, error) {
	query := c.r.URL.Query()
	q := feed.Request{Types: c.r.PathValue("types"), From: query.Get("from")}
	var err error
	if q.Limit, err = number(query.Get("limit"), "limit", feed.StandardLimit); err != nil {
		return nil, err
	}
	wait, err := number(query.Get("wait"), "wait", 0)
	if err != nil {
		return nil, err
	}
	q.Wait = time.Duration(min(wait, 1_000_000)) * time.Second
	c.w.Header().Set("Cache-Control", "no-store")
	if !acceptsLines(c.r) {
		return a.Feed.Page(c.r.Context(), a.follower(c), q)
	}
	stream, err := a.Feed.Stream(c.r.Context(), a.follower(c), q)
	if err != nil {
		return nil, err
	}
	c.answered = true
	c.w.Header().Set("Content-Type", lines)
	c.w.WriteHeader(http.StatusOK)
	encoder := json.NewEncoder(c.w)
	encoder.SetEscapeHTML(false)
	// A follower who has gone hears nothing more of what failed.
	_ = stream.Run(c.r.Context(), encoder.Encode, http.NewResponseController(c.w).Flush)
	return nil, nil
}

// follower asks each time anew whether the caller's token holds.
func (a *API) follower(c *call) feed.Caller {
	first := true
	return func(ctx context.Context) (*tenant.Principal, error) {
		if first {
			first = false
			return c.caller, nil
		}
		raw, _ := bearer(c.r)
		return a.Identity.Authenticate(ctx, raw, c.r.Header.Get(httpapi.AccountHeader))
	}
}

// number reads a figure of a query, which is otherwise if none was given.
func number(text, name string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fault.Invalidf(name, "Want a whole number")
	}
	return n, nil
}

// acceptsLines reports whether a caller asks for a stream.
func acceptsLines(r *http.Request) bool {
	for _, header := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(header, ",") {
			if kind, _, err := mime.ParseMediaType(part); err == nil && kind == lines {
				return true
			}
		}
	}
	return false
}
