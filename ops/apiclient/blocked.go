package apiclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Blocked is a root entity that stands still, for its first turn failed.
type Blocked struct {
	EntityType string    `json:"entityType"`
	EntityID   string    `json:"entityId"`
	EntityRef  string    `json:"entityRef"`
	RetailerID string    `json:"retailerId"`
	Reason     string    `json:"reason"`
	EventID    string    `json:"eventId"` // of the turn that failed
	Since      time.Time `json:"since"`   // when the root was made
	NextTry    time.Time `json:"nextTry"`
}

// Blocked lists at most limit roots that stand still: of a type, and with a ref, unless they are empty. more: there are others.
func (c *Client) Blocked(ctx context.Context, entityType, ref string, limit int) (list []Blocked, more bool, err error) {
	var page struct {
		HasMore bool
		Results []Blocked
	}
	filter := url.Values{"entityType": {entityType}, "entityRef": {ref}, "count": {strconv.Itoa(limit)}}
	err = c.Do(ctx, http.MethodGet, "/api/v4.1/blocked?"+filter.Encode(), nil, &page)
	return page.Results, page.HasMore, err
}
