// Package apiclient is a small client of the tenant's public API: token, GraphQL, events, jobs and batches. The demo data, the
// end-to-end tests and the benchmarks speak to Fluent through it, as an implementer's script would.
package apiclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Credentials are what a tenant's caller needs to get a token.
type Credentials struct {
	ClientID, ClientSecret string
	Username, Password     string // both empty: the client_credentials grant
}

// Client calls one account's API. It is safe for use by many goroutines.
type Client struct {
	base  string
	creds Credentials
	http  *http.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

// New makes a client for the API at base, such as http://127.0.0.1:8080. It connects when first used.
func New(base string, creds Credentials) *Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	return &Client{
		base: strings.TrimSuffix(base, "/"), creds: creds,
		http: &http.Client{Transport: transport, Timeout: 2 * time.Minute},
	}
}

// StatusError is an answer outside 2xx, with the body as the server sent it.
type StatusError struct {
	Status int
	Body   string
}

// Error is what the answer says is wrong, with its status; the start of the body where it says nothing.
func (e *StatusError) Error() string {
	if said := e.said(); said != "" {
		return fmt.Sprintf("%s (status %d)", said, e.Status)
	}
	return fmt.Sprintf("status %d: %.500s", e.Status, e.Body)
}

// said is the message of an answer of the REST API, or the description of an OAuth one.
func (e *StatusError) said() string {
	var body struct {
		Message     string `json:"message"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal([]byte(e.Body), &body) != nil {
		return ""
	}
	return cmp.Or(body.Message, body.Description)
}

// GraphQLError is the errors part of a GraphQL answer.
type GraphQLError struct {
	Errors []GraphQLFault
}

// GraphQLFault is one of the errors: what is wrong and where. Its extensions have the platform's code as "code".
type GraphQLFault struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

// Error shows the first error, its path, and how many there are.
func (e *GraphQLError) Error() string {
	first := e.Errors[0]
	return fmt.Sprintf("%s (path %v, code %v; %d errors)", first.Message, first.Path, first.Extensions["code"], len(e.Errors))
}

// Token returns a valid access token, asking for a new one when there is none or it ends within a minute.
func (c *Client) Token(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && time.Now().Before(c.expires) {
		return c.token, nil
	}
	form := url.Values{"client_id": {c.creds.ClientID}, "client_secret": {c.creds.ClientSecret}, "scope": {"api"}}
	if c.creds.Username != "" {
		form.Set("grant_type", "password")
		form.Set("username", c.creds.Username)
		form.Set("password", c.creds.Password)
	} else {
		form.Set("grant_type", "client_credentials")
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := c.send(req, &answer); err != nil {
		return "", fmt.Errorf("get a token for %s: %w", c.creds.ClientID, err)
	}
	if answer.AccessToken == "" {
		return "", errors.New("get a token: the answer has no access_token")
	}
	c.token = answer.AccessToken
	c.expires = time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second - time.Minute)
	return c.token, nil
}

// Do sends a request with the token and decodes the JSON answer into out (which may be nil).
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode the body of %s: %w", path, err)
		}
		reader = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	return c.send(req, out)
}

func (c *Client) send(req *http.Request, out any) error {
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", req.URL.Path, err)
	}
	if res.StatusCode/100 != 2 {
		return &StatusError{Status: res.StatusCode, Body: string(body)}
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", req.URL.Path, err)
	}
	return nil
}

// GraphQL runs a document and decodes its data into out. Errors in the answer are a *GraphQLError, also beside partial data.
func (c *Client) GraphQL(ctx context.Context, query string, variables map[string]any, out any) error {
	var answer struct {
		Data json.RawMessage `json:"data"`
		GraphQLError
	}
	request := map[string]any{"query": query, "variables": variables}
	if err := c.Do(ctx, http.MethodPost, "/graphql", request, &answer); err != nil {
		return err
	}
	if out != nil && len(answer.Data) > 0 && string(answer.Data) != "null" {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return fmt.Errorf("decode the data: %w", err)
		}
	}
	if len(answer.Errors) > 0 {
		return &answer.GraphQLError
	}
	return nil
}
