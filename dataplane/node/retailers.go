package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/uplink"
	"github.com/fluent-oms/fluent/domain/catalogue"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// retailers asks the control plane for new retailers.
type retailers struct{ link *uplink.Uplink }

// Create implements graphql's view of the control plane. The request id follows from what is asked for, so that a tenant who repeats a
// call whose outcome was not known goes on where that one ended; whether the ref is taken was looked at before.
func (r retailers) Create(ctx context.Context, account tenancy.AccountID, ref, tradingName string) (catalogue.ID, error) {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(account), ref, tradingName}, "\x00")))
	number, err := r.link.CreateRetailer(ctx, &nodev1.CreateRetailerRequest{
		RequestId: "retailer-" + hex.EncodeToString(sum[:16]), Account: string(account), Ref: ref, TradingName: tradingName,
	})
	if err != nil {
		return "", err
	}
	return catalogue.ID(strconv.Itoa(int(number))), nil
}
