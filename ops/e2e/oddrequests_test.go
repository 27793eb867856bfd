package e2e_test

import (
	"net/http"
	"strings"
)

// uploadOf makes the body of an upload with some members changed.
func uploadOf(change ...string) string {
	return strings.NewReplacer(change...).Replace(`{"retailerId":"1","entityType":"ORDER","entitySubtype":"ZZ","version":"1.0","description":"d","statuses":[{"name":"CREATED","entityType":"ORDER","category":"BOOKING"}],
		"rulesets":[{"name":"CREATE","type":"ORDER","triggers":[{"status":"CREATED"}],"rules":[{"name":"FLUENTRETAIL.core.SetState","props":{"status":"X"}}]}]}`)
}

const (
	record    = `{"locationRef":"DC-SYD","skuRef":"TOPS-01-S","qty":1}`
	half      = `\ud83d` // of a surrogate pair
	batchPath = "/api/v4.1/job/1/batch"
)

func batchOf(members, records string) string {
	return `{"action":"UPSERT","entityType":"INVENTORY"` + members + `,"entities":[` + records + `]}`
}

// oddRequests are those that only a hostile or broken caller sends.
func oddRequests() []bad {
	comment := func(input string) string { return graphQL(`mutation { createComment(input: {`+input+`}) { id } }`, "") }
	return []bad{
		// texts that no column can hold
		{name: "graphql: half a character", path: "/graphql", body: `{"query":"{ me { id } }","variables":{"a":"` + half + `"}}`, status: 400, place: "line 1, column"},
		{name: "graphql: NUL", path: "/graphql", body: graphQL(`mutation ($t: String!) { createComment(input: {entityType: "ORDER", entityId: "1", text: $t}) { id } }`, `{"t":"a\u0000"}`), status: 200, place: "$t"},
		{name: "job: half a character", path: "/api/v4.1/job", body: `{"name":"x","retailerId":"1","meta":{"a":"` + half + `"}}`, status: 400, code: "C0160E", place: "line 1, column"},
		{name: "batch: half a character", path: batchPath, body: batchOf("", `{"locationRef":"`+half+`"}`), status: 400, place: "line 1, column"},
		{name: "batch: NUL", path: batchPath, body: batchOf("", `{"locationRef":"\u0000"}`), status: 400, place: "line 1, column"},
		{name: "event: NUL in a run-once workflow", path: "/api/v4.1/event/sync", body: event(`,"meta":{"workflow":{"rulesets":[{"name":"CREATE","type":"\u0000"}]}}`), status: 400, place: "line 1, column"},
		{name: "workflow: NUL", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"d"`, `"\u0000"`), status: 400, place: "line 1, column"},
		// GraphQL
		{name: "graphql: page of none", path: "/graphql", body: graphQL(`{ orders(first: 0) { edges { node { id } } } }`, ""), status: 200, code: "C0122E", place: "first"},
		{name: "graphql: both directions", path: "/graphql", body: graphQL(`{ orders(first: 1, last: 1) { edges { node { id } } } }`, ""), status: 200, place: "last"},
		{name: "graphql: subscription", path: "/graphql", body: graphQL(`subscription { orders { id } }`, ""), status: 200, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "graphql: fragments in a circle", path: "/graphql", body: graphQL(`{ me { ...A } } fragment A on User { ...A }`, ""), status: 200, code: "GRAPHQL_VALIDATION_FAILED", place: "A"},
		{name: "graphql: float past all bounds", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"BAD-1","totalPrice":1e309,`), status: 400, place: "line 1"},
		{name: "graphql: a number of a thousand digits", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"BAD-1","totalPrice":1e999,`), status: 400, place: "line 1"},
		{name: "graphql: attribute without a value", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"BAD-1","attributes":[{"name":"a","type":"STRING"}],`), status: 200, place: "attributes[0].value"},
		{name: "graphql: empty ref", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"",`), status: 200, code: "C0140E", place: "ref"},
		{name: "graphql: ref of 256 characters", path: "/graphql", body: createOrder(`"ref":"BAD-1",`, `"ref":"`+strings.Repeat("é", 256)+`",`), status: 200, code: "C0141E", place: "ref"},
		{name: "graphql: text is a number", path: "/graphql", body: comment(`entityType: "ORDER", entityId: "1", text: 5`), status: 200, code: "GRAPHQL_VALIDATION_FAILED", place: "String"},
		{name: "graphql: setting twice", path: "/graphql", body: graphQL(`mutation { createSetting(input: {name: "SYSTEM_REJECTED_LOCATION", valueType: "STRING", value: "x", context: "RETAILER", contextId: 1}) { id } }`, ""), status: 200, code: "C0123E"},
		{name: "graphql: setting of no context", path: "/graphql", body: graphQL(`mutation { createSetting(input: {name: "x", valueType: "STRING", value: "x", context: "SHOP", contextId: 1}) { id } }`, ""), status: 200, code: "C0160E", place: "context"},
		{name: "graphql: setting of no type", path: "/graphql", body: graphQL(`mutation { createSetting(input: {name: "x", valueType: "TEXT", value: "x", context: "RETAILER", contextId: 1}) { id } }`, ""), status: 200, code: "C0160E", place: "valueType"},
		{name: "graphql: user without a password", path: "/graphql", body: graphQL(`mutation { createUser(input: {ref: "b", username: "b", type: "ADMIN", firstName: "B", primaryEmail: "b@c.d", timezone: "UTC"}) { id } }`, ""), status: 200, place: "password"},
		{name: "graphql: variables are a list", path: "/graphql", body: `{"query":"{ me { id } }","variables":[1]}`, status: 400, place: "variables"},
		// tokens
		{name: "oauth: no client", path: "/oauth/token?grant_type=client_credentials&client_secret=x", token: "none", status: 400, code: "invalid_request", place: "client_id"},
		{name: "oauth: no refresh token", path: "/oauth/token?client_id=DEMO&client_secret=$secret&grant_type=refresh_token", token: "none", status: 400, code: "invalid_request", place: "refresh_token"},
		{name: "oauth: no password", path: "/oauth/token?client_id=DEMO&client_secret=$secret&grant_type=password&username=a", token: "none", status: 400, code: "invalid_request", place: "password"},
		{name: "token: of another scheme", path: "/api/v4.1/job", token: "x y", body: `{}`, status: 401, code: "S0040E"},
		// events
		{name: "event: id that is no UUID", path: "/api/v4.1/event/async", body: event(`,"id":"7"`), status: 400, place: `"id"`},
		{name: "event: retailer is an object", path: "/api/v4.1/event/async", body: strings.Replace(event(""), `"retailerId":"1"`, `"retailerId":{}`, 1), status: 400, place: "line 1, column"},
		{name: "event: name of 256 characters", path: "/api/v4.1/event/async", body: strings.Replace(event(""), `"CREATE"`, `"`+strings.Repeat("x", 256)+`"`, 1), status: 400, code: "C0141E", place: "name"},
		{name: "event: entity of another retailer", path: "/api/v4.1/event/sync", body: strings.Replace(event(""), `"retailerId":"1"`, `"retailerId":"77"`, 1), status: 404, code: "C0120E", place: "entityRef"},
		{name: "events: start below 0", method: http.MethodGet, path: "/api/v4.1/event?start=-1", status: 400, place: "start"},
		{name: "events: page too large", method: http.MethodGet, path: "/api/v4.1/event?count=5001", status: 400, place: "count"},
		{name: "events: time that is none", method: http.MethodGet, path: "/api/v4.1/event?to=tomorrow", status: 400, code: "C0100E", place: "to"},
		{name: "event by id: no UUID", method: http.MethodGet, path: "/api/v4.1/event/1", status: 404, code: "C0120E"},
		// workflows and user actions
		{name: "workflow: retailer that is none", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"retailerId":"1"`, `"retailerId":"77"`), status: 404, code: "C0120E", place: "retailerId"},
		{name: "workflow: description of 301 characters", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"d"`, `"`+strings.Repeat("d", 301)+`"`), status: 400, place: "description"},
		{name: "workflow: name that is another's", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"version"`, `"name":"ORDER::HD","version"`), status: 400, place: "name"},
		{name: "workflow: property missing", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`{"status":"X"}`, `{}`), status: 400, place: "rulesets[0].rules[0].props.status"},
		{name: "workflow: ruleset with a space", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"CREATE"`, `"CRE ATE"`), status: 400, place: "rulesets[0].name"},
		{name: "workflows: of no retailer", method: http.MethodGet, path: "/api/v4.1/workflow", status: 400, place: "retailerId"},
		{name: "workflow: version asked for that is none", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::HD?version=x", status: 400, place: "version"},
		{name: "workflow: half a version", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::HD?version=1.", status: 400, place: "version"},
		{name: "workflow: version that never was", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::HD?version=1.9999", status: 404, code: "C0120E", place: "version"},
		{name: "workflow: major that never was", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::HD?version=77", status: 404, code: "C0120E", place: "version"},
		{name: "workflow: for nothing that is", method: http.MethodPut, path: "/api/v4.1/workflow", body: uploadOf(`"entityType":"ORDER","entitySubtype"`, `"entityType":"ORDERS","entitySubtype"`), status: 400, place: "entityType"},
		{name: "workflow: for what is no root", path: "/api/v4.1/workflow", body: uploadOf(`"entityType":"ORDER","entitySubtype"`, `"entityType":"FULFILMENT","entitySubtype"`), status: 400, place: "entityType"},
		{name: "workflow versions: of no workflow", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::NONE/versions", status: 404, code: "C0120E", place: "name"},
		{name: "workflow versions: page too large", method: http.MethodGet, path: "/api/v4.1/workflow/1/ORDER::HD/versions?count=1001", status: 400, place: "count"},
		{name: "workflow versions: retailer that is none", method: http.MethodGet, path: "/api/v4.1/workflow/x/ORDER::HD/versions", status: 400, place: "retailerId"},
		{name: "transition: version is a word", path: "/api/v4.1/transition", body: `{"triggers":[{"retailerId":"1","flexVersion":"new"}]}`, status: 400, place: "line 1, column"},
		{name: "transition: no retailer", path: "/api/v4.1/transition", body: `{"triggers":[{"type":"ORDER"}]}`, status: 400, place: "retailerId"},
		// jobs and batches
		{name: "job: retailer that is none", path: "/api/v4.1/job", body: `{"name":"x","retailerId":"77"}`, status: 404, code: "C0120E", place: "retailerId"},
		{name: "job: no name", path: "/api/v4.1/job", body: `{"retailerId":"1"}`, status: 400, place: "name"},
		{name: "batch: of another type", path: batchPath, body: strings.Replace(batchOf("", record), "INVENTORY", "ORDER", 1), status: 400, place: "entityType"},
		{name: "batch: another action", path: batchPath, body: strings.Replace(batchOf("", record), "UPSERT", "DELETE", 1), status: 400, place: "action"},
		{name: "batch: no records", path: batchPath, body: batchOf("", ""), status: 400, place: "entities"},
		{name: "batch: 5,001 records", path: batchPath, body: batchOf("", strings.Repeat(record+",", 5000)+record), status: 400, place: "entities"},
		{name: "batch: catalogue that is none", path: batchPath, body: batchOf(`,"catalogueRef":"NONE"`, record), status: 404, code: "C0120E", place: "catalogueRef"},
		{name: "batch: event of 256 characters", path: batchPath, body: batchOf(`,"event":"`+strings.Repeat("x", 256)+`"`, record), status: 400, code: "C0141E", place: "event"},
	}
}
