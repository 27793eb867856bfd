package rest

import (
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
)

// read decodes the request's body, and gives it as it came.
func (c *call) read(v any) ([]byte, error) {
	body, err := httpapi.ReadBody(c.w, c.r)
	if err != nil {
		return nil, err
	}
	return body, httpapi.DecodeJSON(body, v)
}

// request is what the call is known by if it comes again: by the id that the caller gave it, if he gave one, else by all that it says. Another
// caller's, or one to another address, is another request.
func (c *call) request(body []byte, id string) repeats.Request {
	who, target := c.caller.Caller(), c.r.Method+" "+c.r.RequestURI
	if id != "" {
		return repeats.Request{Key: repeats.KeyOf([]byte(id), who, target, "id"), Known: repeats.ByID}
	}
	return repeats.Request{Key: repeats.KeyOf(body, who, target, "body"), Known: repeats.Window}
}

// repeatedHeader tells a caller that an answer is that of an earlier request.
const repeatedHeader = "Idempotent-Replayed"

// answers says so where that is the case.
func (c *call) answers(repeated bool) {
	if repeated {
		c.w.Header().Set(repeatedHeader, "true")
	}
}
