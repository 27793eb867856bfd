package apiclient

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// EventResult is the answer to an event.
type EventResult struct {
	EventID     string `json:"eventId"`
	EntityID    string `json:"entityId"`
	EventStatus string `json:"eventStatus"`
}

// SendEvent posts an event; mode is "sync" or "async". One without an id gets one: a call is an event, also if an earlier one said the same.
func (c *Client) SendEvent(ctx context.Context, mode string, event map[string]any) (EventResult, error) {
	if event["id"] == nil {
		event = maps.Clone(event)
		event["id"] = newUUID()
	}
	var result EventResult
	err := c.Do(ctx, http.MethodPost, "/api/v4.1/event/"+mode, event, &result)
	return result, err
}

// newUUID makes a UUID of version 4.
func newUUID() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// LoggedEvent is one entry of the event log.
type LoggedEvent struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	Category    string `json:"category"`
	EventStatus string `json:"eventStatus"`
	GeneratedOn string `json:"generatedOn"`
	Context     struct {
		SourceEvents   []string `json:"sourceEvents"`
		EntityType     string   `json:"entityType"`
		EntityID       string   `json:"entityId"`
		EntityRef      string   `json:"entityRef"`
		RootEntityType string   `json:"rootEntityType"`
		RootEntityID   string   `json:"rootEntityId"`
	} `json:"context"`
	Attributes []struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
		Type  string `json:"type"`
	} `json:"attributes"`
}

// Events searches the event log and pages through the whole result, at most limit entries.
func (c *Client) Events(ctx context.Context, filter url.Values, limit int) ([]LoggedEvent, error) {
	var all []LoggedEvent
	for {
		var page struct {
			Count   int           `json:"count"`
			HasMore bool          `json:"hasMore"`
			Results []LoggedEvent `json:"results"`
		}
		q := url.Values{}
		for k, v := range filter {
			q[k] = v
		}
		q.Set("start", fmt.Sprint(len(all)))
		if err := c.Do(ctx, http.MethodGet, "/api/v4.1/event?"+q.Encode(), nil, &page); err != nil {
			return all, err
		}
		all = append(all, page.Results...)
		if !page.HasMore || page.Count == 0 || len(all) >= limit {
			return all, nil
		}
	}
}

// StockRow is one record of an inventory batch.
type StockRow struct {
	LocationRef string `json:"locationRef"`
	SkuRef      string `json:"skuRef"`
	Qty         int    `json:"qty"`
	Type        string `json:"type,omitempty"`
	Status      string `json:"status,omitempty"`
}

// BatchLimit is how many records a batch may hold.
const BatchLimit = 5000

// LoadStock makes a job, sends all rows in batches and waits until each is complete. progress hears how many rows are done; it
// may be nil. The result lists the rows that were refused.
func (c *Client) LoadStock(ctx context.Context, retailerID, name string, rows []StockRow, progress func(done int)) ([]string, error) {
	var job struct {
		ID string `json:"id"`
	}
	if err := c.Do(ctx, http.MethodPost, "/api/v4.1/job", map[string]any{"id": newUUID(), "name": name, "retailerId": retailerID}, &job); err != nil {
		return nil, fmt.Errorf("create job %s: %w", name, err)
	}
	var ids []string
	for start := 0; start < len(rows); start += BatchLimit {
		var batch struct {
			ID string `json:"id"`
		}
		payload := map[string]any{
			"action": "UPSERT", "entityType": "INVENTORY", "source": name,
			"entities": rows[start:min(start+BatchLimit, len(rows))],
		}
		if err := c.Do(ctx, http.MethodPost, "/api/v4.1/job/"+job.ID+"/batch", payload, &batch); err != nil {
			return nil, fmt.Errorf("send batch %d of job %s: %w", len(ids)+1, job.ID, err)
		}
		ids = append(ids, batch.ID)
	}
	return c.waitForBatches(ctx, job.ID, ids, progress)
}

func (c *Client) waitForBatches(ctx context.Context, job string, ids []string, progress func(done int)) ([]string, error) {
	var refused []string
	done := 0
	for _, id := range ids {
		for {
			var batch struct {
				Status            string `json:"status"`
				ProcessedEntities int    `json:"processedEntities"`
				Errors            []struct {
					Code        string `json:"code"`
					Message     string `json:"message"`
					EntityIndex int    `json:"entityIndex"`
				} `json:"errors"`
			}
			if err := c.Do(ctx, http.MethodGet, "/api/v4.1/job/"+job+"/batch/"+id, nil, &batch); err != nil {
				return refused, fmt.Errorf("read batch %s: %w", id, err)
			}
			if batch.Status == "COMPLETE" {
				for _, e := range batch.Errors {
					refused = append(refused, fmt.Sprintf("batch %s row %d: %s %s", id, e.EntityIndex, e.Code, e.Message))
				}
				done += batch.ProcessedEntities
				if progress != nil {
					progress(done)
				}
				break
			}
			select {
			case <-ctx.Done():
				return refused, fmt.Errorf("wait for batch %s (%s): %w", id, batch.Status, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return refused, nil
}

// documents is how many documents of a Batch are under way at a time.
const documents = 4

// Batch runs many mutations of one kind as aliased fields of documents, size inputs each. Inputs of one document run in order,
// documents beside each other. field is the root field (createStandardProduct), inputType its input's type, selection what to
// select; each hears of every result and may be nil.
func (c *Client) Batch(ctx context.Context, field, inputType, selection string, inputs []map[string]any, size int, each func(i int, result map[string]any)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(documents)
	var mu sync.Mutex
	for start := 0; start < len(inputs); start += size {
		part := inputs[start:min(start+size, len(inputs))]
		group.Go(func() error {
			document, variables := aliased(field, inputType, selection, part)
			var data map[string]map[string]any
			if err := c.GraphQL(ctx, document, variables, &data); err != nil {
				return fmt.Errorf("%s %d to %d: %w", field, start+1, start+len(part), err)
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range part {
				if each != nil {
					each(start+i, data[fmt.Sprintf("m%d", i)])
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// aliased writes one document with a field m0, m1, … for each input.
func aliased(field, inputType, selection string, inputs []map[string]any) (string, map[string]any) {
	var head, body strings.Builder
	variables := make(map[string]any, len(inputs))
	for i, in := range inputs {
		fmt.Fprintf(&head, "$i%d: %s! ", i, inputType)
		fmt.Fprintf(&body, " m%d: %s(input: $i%d) { %s }", i, field, i, selection)
		variables[fmt.Sprintf("i%d", i)] = in
	}
	return "mutation Batch(" + head.String() + ") {" + body.String() + " }", variables
}
