package rest

import (
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/fault"
)

func (a *API) exportPerson(c *call) (any, error) { return a.beginPersonal(c, personal.Export) }
func (a *API) erasePerson(c *call) (any, error)  { return a.beginPersonal(c, personal.Erasure) }

func (a *API) beginPersonal(c *call, kind personal.Kind) (any, error) {
	var req privacy.Request
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	return a.Privacy.Begin(c.r.Context(), c.caller, kind, req)
}

func (a *API) personalOperation(c *call) (any, error) {
	return a.Privacy.Get(c.r.Context(), c.caller, c.r.PathValue("id"))
}

// filePart is a part of an export's file: JSON lines as a text.
type filePart struct {
	Part  int    `json:"part"`
	Lines string `json:"lines"` // empty: there are no more parts
}

func (a *API) personalFile(c *call) (any, error) {
	part, err := strconv.Atoi(c.r.PathValue("part"))
	if err != nil || part < 0 {
		return nil, fault.Invalidf("part", "Want the number of a part of the file, from 0")
	}
	c.w.Header().Set("Cache-Control", "no-store")
	body, err := a.Privacy.Part(c.r.Context(), c.caller, c.r.PathValue("id"), part)
	return filePart{part, string(body)}, err
}
