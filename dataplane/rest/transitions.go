package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// maxTriggers bounds one transition request.
const maxTriggers = 500

// transitionRequest asks which buttons a user may see.
type transitionRequest struct {
	Triggers []transitionTrigger `json:"triggers"`
}

type transitionTrigger struct {
	Name        *string         `json:"name"`
	Type        string          `json:"type"`
	Subtype     string          `json:"subtype"`
	Status      string          `json:"status"`
	Module      *string         `json:"module"`
	FlexType    string          `json:"flexType"`
	FlexVersion *httpapi.Number `json:"flexVersion"`
	RetailerID  httpapi.Text    `json:"retailerId"`
	RootID      httpapi.Text    `json:"rootId,omitempty"` // of the root that follows the workflow; empty: any, which follows what is stable
}

type transitionAnswer struct {
	Response []transitionResult `json:"response"`
}

// transitionResult repeats userActions as transitions, for older readers. Both are written out already.
type transitionResult struct {
	Trigger     transitionTrigger `json:"trigger"`
	UserActions json.RawMessage   `json:"userActions"`
	Transitions json.RawMessage   `json:"transitions"`
}

// maxActions bounds what one answer holds of user actions, in bytes: a request names the same trigger as often as there is room for, and how
// much a workflow says of its actions is its author's choice.
const maxActions = 16 << 20

// transition answers, for each trigger in order, the user actions of its workflow. An unknown workflow has none.
func (a *API) transition(c *call) (any, error) {
	var req transitionRequest
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	if len(req.Triggers) == 0 || len(req.Triggers) > maxTriggers {
		return nil, fault.Invalidf("triggers", "1 to %d triggers are expected, got %d", maxTriggers, len(req.Triggers))
	}
	var wrong wrongs
	for i := range req.Triggers {
		t := &req.Triggers[i]
		t.RetailerID = c.retailer(t.RetailerID)
		_, err := retailerNumber(string(t.RetailerID))
		wrong.within(fmt.Sprintf("triggers[%d]", i), err)
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	answer := transitionAnswer{Response: make([]transitionResult, 0, len(req.Triggers))}
	length := 0
	for i, t := range req.Triggers {
		actions, err := a.actions(c, t)
		if err != nil {
			return nil, err
		}
		text, err := written(actions)
		if err != nil {
			return nil, fmt.Errorf("write out user actions: %w", err)
		}
		if length += 2 * len(text); length > maxActions {
			return nil, fault.Invalidf(fmt.Sprintf("triggers[%d]", i), "The user actions of these triggers are longer than %d MB: ask for fewer at a time",
				maxActions>>20).WithCode(fault.CodeTooMuch)
		}
		answer.Response = append(answer.Response, transitionResult{Trigger: t, UserActions: text, Transitions: text})
	}
	return answer, nil
}

func (a *API) actions(c *call, t transitionTrigger) ([]workflow.UserAction, error) {
	retailer, err := retailerNumber(string(t.RetailerID))
	if err != nil {
		return nil, err
	}
	none := []workflow.UserAction{}
	if !c.caller.Scope().Allows(retailer) {
		return none, nil
	}
	version := 0
	if t.FlexVersion != nil {
		version = int(*t.FlexVersion)
	}
	rootType, _, _ := strings.Cut(t.FlexType, "::")
	flow, _, err := a.Configurations.Get(c.r.Context(), c.caller.Account, retailer, workflow.Following{
		Name: t.FlexType, Version: version, Root: workflow.Root{Type: rootType, ID: string(t.RootID)},
	})
	if err != nil || flow == nil {
		return none, err
	}
	actions := flow.Actions(t.Type, t.Subtype, t.Status, orEmpty(t.Module), orEmpty(t.Name))
	if actions == nil {
		return none, nil
	}
	return actions, nil
}

// written is a list of actions as JSON, as httpapi.WriteJSON would write it.
func written(actions []workflow.UserAction) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(actions)
	return text.Bytes(), err
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
