package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bad is a request that must be refused with a 4xx, a code and the place of the error, and must change nothing.
type bad struct {
	name   string
	method string // POST
	path   string
	token  string // "": the administrator's; "none": no header; else sent as it is
	body   string
	status int    // 200 for GraphQL errors, else 4xx
	code   string // platform code or OAuth error
	place  string // part of the field, path or message that says where
}

const badOrder = `{"ref":"BAD-1","type":"HD","retailer":{"id":"1"},"customer":{"id":"$customer"},
	"items":[{"ref":"BAD-1-1","productRef":"TOPS-01-S","productCatalogueRef":"PC:MASTER:1","quantity":1}]}`

// graphQL makes the body of a GraphQL request.
func graphQL(query, variables string) string {
	q, _ := json.Marshal(query) //nolint:errchkjson // a string always encodes
	if variables == "" {
		variables = "{}"
	}
	return `{"query":` + string(q) + `,"variables":` + variables + `}`
}

func createOrder(change ...string) string {
	input := strings.NewReplacer(change...).Replace(badOrder)
	return graphQL(`mutation ($input: CreateOrderInput) { createOrder(input: $input) { id } }`, `{"input":`+input+`}`)
}

func event(members string) string {
	return `{"name":"CREATE","entityType":"ORDER","entityRef":"HD-0001","retailerId":"1"` + members + `}`
}

var forged = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY2MiOiJERU1PIiwic3ViIjoiMSIsImV4cCI6NDA3MDkwODgwMH0.c2lnbmF0dXJl"

func badRequests() []bad { return append(commonMistakes(), oddRequests()...) }

func commonMistakes() []bad {
	return []bad{
		// the body
		{name: "graphql: broken JSON", path: "/graphql", body: `{"query": "{ me { id } }"`, status: 400, place: "line 1"},
		{name: "graphql: empty body", path: "/graphql", body: ``, status: 400, place: "body"},
		{name: "graphql: an array", path: "/graphql", body: `[1,2]`, status: 400},
		{name: "graphql: query is a number", path: "/graphql", body: `{"query": 12}`, status: 400, place: "query"},
		{name: "graphql: invalid UTF-8", path: "/graphql", body: "{\"query\": \"{ me { id \xff } }\"}", status: 400, place: "line 1"},
		{name: "graphql: 10 MB", path: "/graphql", body: `{"query":"` + strings.Repeat("x", 10<<20) + `"}`, status: 413, place: "body"},
		{name: "graphql: no such operation", path: "/graphql", body: `{"query":"query A { me { id } } query B { me { id } }","operationName":"C"}`, status: 200},
		{name: "graphql: syntax error", path: "/graphql", body: graphQL(`{ me { id }`, ""), status: 200, place: "line"},
		{name: "graphql: unknown field", path: "/graphql", body: graphQL(`{ me { shoeSize } }`, ""), status: 200, place: "shoeSize"},
		{name: "graphql: unknown argument", path: "/graphql", body: graphQL(`{ orders(colour: "red") { edges { node { id } } } }`, ""), status: 200, place: "colour"},
		{name: "graphql: unknown input field", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"BAD-1","reff":"x",`), status: 200, place: "reff"},
		{name: "graphql: wrong type of variable", path: "/graphql", body: graphQL(`query ($first: Int) { orders(first: $first) { edges { node { id } } } }`, `{"first":"ten"}`), status: 200, place: "first"},
		{name: "graphql: String variable where [String] is needed", path: "/graphql", body: graphQL(`query ($s: String) { orders(status: $s) { edges { node { id } } } }`, `{"s":"BOOKED"}`), status: 200, place: "s"},
		{name: "graphql: missing variable", path: "/graphql", body: graphQL(`query ($id: ID!) { orderById(id: $id) { id } }`, ""), status: 200, place: "id"},
		{name: "graphql: number past 32 bits", path: "/graphql", body: createOrder(`"quantity":1`, `"quantity":3000000000`), status: 200, place: "quantity"},
		{name: "graphql: negative quantity", path: "/graphql", body: createOrder(`"quantity":1`, `"quantity":-1`), status: 200, code: "C0122E", place: "quantity"},
		{name: "graphql: foreign customer", path: "/graphql", body: createOrder(`$customer`, `2147483000`), status: 200, code: "C0120E", place: "customer"},
		{name: "graphql: retailer that is none", path: "/graphql", body: createOrder(`"retailer":{"id":"1"}`, `"retailer":{"id":"99"}`), status: 200, code: "C0120E", place: "retailer"},
		{name: "graphql: product of no catalogue", path: "/graphql", body: createOrder(`PC:MASTER:1`, `PC:NONE`), status: 200, code: "C0120E", place: "product"},
		{name: "graphql: order ref that exists", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"HD-0001",`), status: 200, code: "C0121E", place: "createOrder"},
		{name: "graphql: string too long", path: "/graphql", body: graphQL(`mutation { createComment(input: {entityType: "ORDER", entityId: "1", text: "`+strings.Repeat("x", 300)+`"}) { id } }`, ""), status: 200, code: "C0141E", place: "text"},
		{name: "graphql: null input", path: "/graphql", body: graphQL(`mutation { createOrder(input: null) { id } }`, ""), status: 200, code: "C0140E", place: "createOrder"},
		{name: "graphql: update of nothing", path: "/graphql", body: graphQL(`mutation { updateOrder(input: {id: "2147483000", status: "BOOKED"}) { id } }`, ""), status: 200, code: "C0120E", place: "updateOrder"},
		{name: "graphql: id that is no number", path: "/graphql", body: graphQL(`mutation { updateOrder(input: {id: "abc", status: "BOOKED"}) { id } }`, ""), status: 200, code: "C0120E", place: "updateOrder"},
		{name: "graphql: cursor that is none", path: "/graphql", body: graphQL(`{ orders(first: 5, after: "zzz") { edges { node { id } } } }`, ""), status: 200, place: "orders"},
		{name: "graphql: date range without ends", path: "/graphql", body: graphQL(`{ orders(createdOn: {}) { edges { node { id } } } }`, ""), status: 200, code: "C0101E", place: "orders"},
		{name: "graphql: date that is none", path: "/graphql", body: graphQL(`{ orders(createdOn: {from: "yesterday"}) { edges { node { id } } } }`, ""), status: 200, place: "createdOn"},
		{name: "graphql: too complex", path: "/graphql", body: graphQL(`{ orders(first: 5000) { edges { node { fulfilments(first: 5000) { edges { node { items { edges { node { id } } } } } } } } } }`, ""), status: 200, code: "C0001E"},
		{name: "graphql: GET", method: http.MethodGet, path: "/graphql?query={me{id}}", status: 404},
		// tokens
		{name: "token: none", path: "/graphql", token: "none", body: graphQL(`{ me { id } }`, ""), status: 401, code: "S0040E"},
		{name: "token: forged", path: "/graphql", token: forged, body: graphQL(`{ me { id } }`, ""), status: 401, code: "S0040E"},
		{name: "token: expired", path: "/graphql", token: "expired", body: graphQL(`{ me { id } }`, ""), status: 401, code: "S0040E"},
		{name: "token: changed by one letter", path: "/api/v4.1/event", method: http.MethodGet, token: "changed", status: 401, code: "S0040E"},
		{name: "oauth: no grant", path: "/oauth/token?client_id=DEMO", token: "none", status: 400, code: "invalid_request", place: "grant_type"},
		{name: "oauth: unknown grant", path: "/oauth/token?client_id=DEMO&client_secret=$secret&grant_type=magic", token: "none", status: 400, code: "unsupported_grant_type"},
		{name: "oauth: wrong secret", path: "/oauth/token?client_id=DEMO&client_secret=wrong-secret&grant_type=client_credentials", token: "none", status: 401, code: "invalid_client"},
		{name: "oauth: unknown client", path: "/oauth/token?client_id=NOBODY&client_secret=x&grant_type=client_credentials", token: "none", status: 401, code: "invalid_client"},
		{name: "oauth: refresh token that is none", path: "/oauth/token?client_id=DEMO&client_secret=$secret&grant_type=refresh_token&refresh_token=abc", token: "none", status: 400, code: "invalid_grant"},
		{name: "oauth: wrong password", path: "/oauth/token?client_id=DEMO&client_secret=$secret&grant_type=password&username=nobody&password=wrong", token: "none", status: 401, code: "invalid_grant"},
		// events
		{name: "event: broken JSON", path: "/api/v4.1/event/async", body: `{"name":`, status: 400, place: "line 1"},
		{name: "event: no name", path: "/api/v4.1/event/sync", body: `{"entityType":"ORDER","entityRef":"HD-0001","retailerId":"1"}`, status: 400, place: "name"},
		{name: "event: no entity", path: "/api/v4.1/event/sync", body: `{"name":"X","entityType":"ORDER","retailerId":"1"}`, status: 400, place: "entityRef"},
		{name: "event: entity that is none", path: "/api/v4.1/event/sync", body: `{"name":"X","entityType":"ORDER","entityRef":"NOPE","retailerId":"1"}`, status: 404, code: "C0120E"},
		{name: "event: attributes are a list", path: "/api/v4.1/event/async", body: event(`,"attributes":[1]`), status: 400, place: "attributes"},
		{name: "event: time that is none", path: "/api/v4.1/event/async", body: event(`,"scheduledOn":"soon"`), status: 400, code: "C0100E", place: "scheduledOn"},
		{name: "event: negative retailer", path: "/api/v4.1/event/async", body: strings.Replace(event(""), `"retailerId":"1"`, `"retailerId":-1`, 1), status: 400, place: "retailerId"},
		{name: "event: overflowing retailer", path: "/api/v4.1/event/async", body: strings.Replace(event(""), `"retailerId":"1"`, `"retailerId":99999999999`, 1), status: 400, place: "retailerId"},
		{name: "event: run-once workflow with an unknown rule", path: "/api/v4.1/event/sync", body: event(`,"meta":{"workflow":{"retailerId":"1","version":"1.0","entityType":"ORDER","rulesets":[]}}`), status: 400, place: "rulesets"},
		{name: "events: count is a word", method: http.MethodGet, path: "/api/v4.1/event?count=many", status: 400, place: "count"},
		{name: "events: too far back", method: http.MethodGet, path: "/api/v4.1/event?from=2001-01-01", status: 400, place: "from"},
		{name: "event by id: none", method: http.MethodGet, path: "/api/v4.1/event/8f14e45f-ceea-467f-a0e6-2f1a4b8c9d01", status: 404, code: "C0120E"},
		// workflows and user actions
		{name: "workflow: no such rule", method: http.MethodPut, path: "/api/v4.1/workflow", body: `{"retailerId":"1","entityType":"ORDER","entitySubtype":"ZZ","version":"1.0","statuses":[{"name":"CREATED","entityType":"ORDER","category":"BOOKING"}],"rulesets":[{"name":"CREATE","type":"ORDER","triggers":[{"status":"CREATED"}],"rules":[{"name":"ACME.core.NoSuchRule"}]}]}`, status: 400, place: "rulesets[0].rules[0]"},
		{name: "workflow: rulesets are text", method: http.MethodPut, path: "/api/v4.1/workflow", body: `{"retailerId":"1","entityType":"ORDER","entitySubtype":"ZZ","version":"1.0","rulesets":"x","statuses":[]}`, status: 400, place: "rulesets"},
		{name: "workflow: version that is none", method: http.MethodPut, path: "/api/v4.1/workflow", body: `{"retailerId":"1","entityType":"ORDER","entitySubtype":"ZZ","version":"one","rulesets":[],"statuses":[]}`, status: 400, place: "version"},
		{name: "workflow: unknown", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::NONE", status: 404, code: "C0120E", place: "name"},
		{name: "transition: no triggers", path: "/api/v4.1/transition", body: `{}`, status: 400, place: "triggers"},
		{name: "transition: triggers are an object", path: "/api/v4.1/transition", body: `{"triggers":{}}`, status: 400, place: "triggers"},
		// jobs and batches
		{name: "job: no retailer", path: "/api/v4.1/job", body: `{"name":"x"}`, status: 400, place: "retailerId"},
		{name: "job: unknown", method: http.MethodGet, path: "/api/v4.1/job/99999999", status: 404, code: "C0120E"},
		{name: "batch: of no job", path: "/api/v4.1/job/99999999/batch", body: `{"action":"UPSERT","entityType":"INVENTORY","entities":[{"locationRef":"DC-SYD","skuRef":"A","qty":1}]}`, status: 404, code: "C0120E"},
		{name: "no such route", path: "/api/v4.1/nothing", body: `{}`, status: 404},
	}
}

func TestBadRequestsAreRefusedAndChangeNothing(t *testing.T) {
	s := shared(t)
	ctx := context.Background()
	require.GreaterOrEqual(t, len(badRequests()), 40)
	s.quiet(t)
	before := s.checksum(t)
	for _, b := range badRequests() {
		t.Run(b.name, func(t *testing.T) {
			status, body := s.send(ctx, t, b)
			require.Equal(t, b.status, status, "body: %s", body)
			var answer struct {
				Error  string `json:"error"`
				Errors []struct {
					Code       string `json:"code"`
					Extensions struct {
						Code string `json:"code"`
					} `json:"extensions"`
					Message string `json:"message"`
				} `json:"errors"`
			}
			require.NoError(t, json.Unmarshal(body, &answer), "body: %s", body)
			require.True(t, len(answer.Errors) > 0 || answer.Error != "", "body: %s", body)
			if b.code != "" {
				codes := []string{answer.Error}
				for _, e := range answer.Errors {
					codes = append(codes, e.Code, e.Extensions.Code)
				}
				require.Contains(t, codes, b.code, "body: %s", body)
			}
			require.Contains(t, string(body), b.place)
		})
	}
	s.quiet(t)
	require.Equal(t, before, s.checksum(t), "a refused request changed a table")
}

// send sends a bad request and returns status and body.
func (s *system) send(ctx context.Context, t *testing.T, b bad) (int, []byte) {
	t.Helper()
	method := b.method
	if method == "" {
		method = http.MethodPost
	}
	path := strings.ReplaceAll(b.path, "$secret", s.stack.Ready.Demo.ClientSecret)
	body := strings.ReplaceAll(b.body, "$customer", s.customer(ctx, t))
	req, err := http.NewRequestWithContext(ctx, method, s.stack.Ready.Gateway+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	switch b.token {
	case "none":
	case "", "changed", "expired":
		token, err := s.client.Token(ctx)
		require.NoError(t, err)
		if b.token == "changed" {
			token = token[:len(token)-10] + "A" + token[len(token)-9:]
		}
		if b.token == "expired" {
			token = s.expired(t)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	default:
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, answer
}
