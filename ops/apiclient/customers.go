package apiclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// PersonalOperation is an export or an erasure of a customer's data.
type PersonalOperation struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"` // EXPORT or ERASURE
	CustomerID  string          `json:"customerId"`
	State       string          `json:"state"` // OPEN or DONE
	Step        string          `json:"step,omitempty"`
	RequestedBy string          `json:"requestedBy"`
	RequestedOn time.Time       `json:"requestedOn"`
	DoneOn      *time.Time      `json:"doneOn,omitempty"`
	ExpiresOn   *time.Time      `json:"expiresOn,omitempty"`
	Receipt     json.RawMessage `json:"receipt,omitempty"`
	WaitsFor    []struct {
		Type   string `json:"type"`
		ID     string `json:"id"`
		Ref    string `json:"ref"`
		Status string `json:"status"`
	} `json:"waitsFor,omitempty"` // what must end before an erasure begins
}

const personalData = "/api/v4.1/personal-data/"

// ExportCustomer asks for a file of what is kept of a customer, who is named by its ref.
func (c *Client) ExportCustomer(ctx context.Context, ref string) (out PersonalOperation, err error) {
	err = c.Do(ctx, http.MethodPost, personalData+"export", map[string]any{"customerRef": ref}, &out)
	return out, err
}

// EraseCustomer asks for the erasure of a customer, who is named by its ref: when his orders have ended, or now.
func (c *Client) EraseCustomer(ctx context.Context, ref string, now bool) (out PersonalOperation, err error) {
	err = c.Do(ctx, http.MethodPost, personalData+"erasure", map[string]any{"customerRef": ref, "now": now}, &out)
	return out, err
}

// PersonalOperation tells how far an export or an erasure is.
func (c *Client) PersonalOperation(ctx context.Context, id string) (out PersonalOperation, err error) {
	err = c.Do(ctx, http.MethodGet, personalData+url.PathEscape(id), nil, &out)
	return out, err
}

// CopyExport writes the file of an export that is done.
func (c *Client) CopyExport(ctx context.Context, id string, to io.Writer) error {
	for part := 0; ; part++ {
		var out struct {
			Lines string `json:"lines"`
		}
		if err := c.Do(ctx, http.MethodGet, fmt.Sprintf("%s%s/file/%d", personalData, url.PathEscape(id), part), nil, &out); err != nil {
			return err
		}
		if out.Lines == "" {
			return nil
		}
		if _, err := io.WriteString(to, out.Lines); err != nil {
			return err
		}
	}
}
