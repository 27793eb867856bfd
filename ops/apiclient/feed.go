package apiclient

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Change is what became of an entity, as the feed tells it.
type Change struct {
	Type   string          `json:"type"`
	ID     string          `json:"id"`
	Ref    string          `json:"ref,omitempty"`
	Root   Named           `json:"root,omitzero"`
	At     time.Time       `json:"at,omitzero"` // zero: it was there at the beginning
	What   string          `json:"what"`        // created, updated, deleted, exists
	Entity json.RawMessage `json:"entity,omitempty"`
}

// Named is an entity by type and id.
type Named struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// ResetError says that a token of the feed serves no more: begin with "start".
type ResetError struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Error implements error.
func (e *ResetError) Error() string {
	return fmt.Sprintf("the feed begins anew (%s): %s", e.Reason, e.Message)
}

// Feed reads a page of the feed of some types (Order,Fulfilment), from "start", "now" or a token, and waits for changes as long as told. next is the token
// to go on with; more says that there is more at once.
func (c *Client) Feed(ctx context.Context, types, from string, limit int, wait time.Duration) (changes []Change, next string, more bool, err error) {
	var page struct {
		Changes []Change
		Next    string
		More    bool
		Reset   *ResetError
	}
	query := url.Values{"from": {from}, "limit": {strconv.Itoa(limit)}, "wait": {strconv.Itoa(int(wait / time.Second))}}
	if err := c.Do(ctx, http.MethodGet, "/api/v4.1/feed/"+types+"?"+query.Encode(), nil, &page); err != nil {
		return nil, from, false, err
	}
	if page.Reset != nil {
		return nil, "", false, page.Reset
	}
	return page.Changes, page.Next, page.More, nil
}

// Follow reads one stream of the feed to its end, and returns the token to go on with. changed hears of what changed; a token comes when all before it was
// heard. An error leaves the last token good.
func (c *Client) Follow(ctx context.Context, types, from string, changed func(Change) error) (next string, err error) {
	next = from
	token, err := c.Token(ctx)
	if err != nil {
		return next, err
	}
	target := c.base + "/api/v4.1/feed/" + types + "?" + url.Values{"from": {from}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return next, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/x-ndjson")
	res, err := c.http.Do(req)
	if err != nil {
		return next, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		return next, &StatusError{Status: res.StatusCode, Body: string(body)}
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			Change
			Next  string
			Reset *ResetError
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return next, fmt.Errorf("read a line of the feed: %w", err)
		}
		switch {
		case line.Reset != nil:
			return "", line.Reset
		case line.Next != "":
			next = line.Next
		default:
			if err := changed(line.Change); err != nil {
				return next, err
			}
		}
	}
	return next, lines.Err()
}
