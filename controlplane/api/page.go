package api

import (
	"encoding/base64"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
)

const defaultPageSize = 100

type paged interface {
	GetPageSize() int32
	GetPageToken() string
}

// page reads the paging of a request. A page token is the key of the last row, hidden so that nobody builds one.
func page(request paged, prefix string) (state.Page, error) {
	after, err := base64.RawURLEncoding.DecodeString(request.GetPageToken())
	if err != nil {
		return state.Page{}, fault.Invalidf("page_token", "The page token is not one that was given out.")
	}
	size := int(request.GetPageSize())
	if size == 0 {
		size = defaultPageSize
	}
	return state.Page{Prefix: prefix, After: string(after), Limit: size}, nil
}

func pageToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }
