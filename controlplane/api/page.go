package api

import (
	"crypto/sha256"
	"encoding/base64"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
)

const defaultPageSize = 100

type paged interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// page reads the paging of a request.
func page(request paged, prefix string) (state.Page, error) {
	after, err := pageKey(request)
	if err != nil {
		return state.Page{}, err
	}
	size := int(request.GetPageSize())
	if size == 0 {
		size = defaultPageSize
	}
	return state.Page{Prefix: prefix, After: after, Limit: size, Bytes: wire.PageBytes}, nil
}

// markLength is how much of a page token says which list it is of.
const markLength = 6

// pageToken names the last row that was shown, by its key; empty when there are no more. A mark before the key keeps callers from
// building tokens, and from taking those of another list.
func pageToken(request paged, last string) string {
	if last == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(mark(request, last), last...))
}

func pageKey(request paged) (string, error) {
	if request.GetPageToken() == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(request.GetPageToken())
	if err != nil || len(raw) <= markLength || pageToken(request, string(raw[markLength:])) != request.GetPageToken() {
		return "", fault.Invalidf("page_token", "The page token is not one that was given out for this list.")
	}
	return string(raw[markLength:]), nil
}

func mark(request paged, key string) []byte {
	sum := sha256.Sum256([]byte(string(request.ProtoReflect().Descriptor().FullName()) + " " + key))
	return sum[:markLength]
}
