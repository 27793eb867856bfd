package state

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// handlers is the table of all commands, never changed at run time. Kinds are only ever added.
var handlers = map[statev1.Kind]handler{
	statev1.Kind_KIND_INITIALISE:           handle(initialise),
	statev1.Kind_KIND_HEARTBEAT:            handle(heartbeat),
	statev1.Kind_KIND_RAISE_SCHEMA_FLOOR:   handle(raiseSchemaFloor),
	statev1.Kind_KIND_PUT_REGION:           handle(putRegion),
	statev1.Kind_KIND_DELETE_REGION:        handle(deleteRegion),
	statev1.Kind_KIND_PUT_ENVIRONMENT:      handle(putEnvironment),
	statev1.Kind_KIND_DELETE_ENVIRONMENT:   handle(deleteEnvironment),
	statev1.Kind_KIND_CREATE_ACCOUNT:       handle(createAccount),
	statev1.Kind_KIND_UPDATE_ACCOUNT:       handle(updateAccount),
	statev1.Kind_KIND_SET_CLIENT_SECRET:    handle(setClientSecret),
	statev1.Kind_KIND_CREATE_RETAILER:      handle(createRetailer),
	statev1.Kind_KIND_UPDATE_RETAILER:      handle(updateRetailer),
	statev1.Kind_KIND_PLACE_ACCOUNT:        handle(placeAccount),
	statev1.Kind_KIND_ACCOUNT_PREPARED:     handle(accountPrepared),
	statev1.Kind_KIND_RETAILER_PREPARED:    handle(retailerPrepared),
	statev1.Kind_KIND_ACTIVATE_WORKFLOWS:   handle(activateWorkflows),
	statev1.Kind_KIND_OPEN_CLIENT:          handle(openClient),
	statev1.Kind_KIND_FINISH_OPERATION:     handle(finishOperation),
	statev1.Kind_KIND_NOTE_OPERATION:       handle(noteOperation),
	statev1.Kind_KIND_REMOVE_OPERATIONS:    handle(removeOperations),
	statev1.Kind_KIND_PLAN_NODE:            handle(planNode),
	statev1.Kind_KIND_JOIN_NODE:            handle(joinNode),
	statev1.Kind_KIND_JUDGE_NODE:           handle(judgeNode),
	statev1.Kind_KIND_DRAIN_NODE:           handle(drainNode),
	statev1.Kind_KIND_DELETE_NODE:          handle(deleteNode),
	statev1.Kind_KIND_JOIN_HOST:            handle(joinHost),
	statev1.Kind_KIND_JUDGE_HOST:           handle(judgeHost),
	statev1.Kind_KIND_CREATE_JOIN_TOKEN:    handle(createJoinToken),
	statev1.Kind_KIND_REMOVE_JOIN_TOKENS:   handle(removeJoinTokens),
	statev1.Kind_KIND_COMMIT_CONFIGURATION: handle(commitConfiguration),
	statev1.Kind_KIND_PUT_OPERATOR:         handle(putOperator),
	statev1.Kind_KIND_SET_PASSWORD:         handle(setPassword),
	statev1.Kind_KIND_ADD_SIGNING_KEY:      handle(addSigningKey),
	statev1.Kind_KIND_REMOVE_SIGNING_KEY:   handle(removeSigningKey),
	statev1.Kind_KIND_ADD_AUTHORITY:        handle(addAuthority),
	statev1.Kind_KIND_REMOVE_AUTHORITY:     handle(removeAuthority),
	statev1.Kind_KIND_BEGIN_TERM:           handle(beginTerm),
	statev1.Kind_KIND_NOTE_FAILED_LOGINS:   handle(noteFailedLogins),
	statev1.Kind_KIND_CREATE_API_CLIENT:    handle(createAPIClient),
	statev1.Kind_KIND_UPDATE_API_CLIENT:    handle(updateAPIClient),
	statev1.Kind_KIND_ROTATE_API_CLIENT:    handle(rotateAPIClient),
	statev1.Kind_KIND_REVOKE_API_CLIENT:    handle(revokeAPIClient),
}

// Command makes a command of a kind with a body. A body that cannot be encoded is a programmer's mistake and comes back as an error.
func Command(kind statev1.Kind, meta *statev1.Meta, body proto.Message) (*statev1.Command, error) {
	encoded, err := canonical.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	return &statev1.Command{Kind: kind, Schema: schemaOf(body), Meta: meta, Body: encoded}, nil
}

// schemaOf is the oldest schema that understands a command with a body.
func schemaOf(body proto.Message) uint32 {
	switch b := body.(type) {
	case *statev1.CreateApiClient, *statev1.UpdateApiClient, *statev1.RotateApiClient, *statev1.RevokeApiClient,
		*statev1.NoteFailedLogins:
		return 4
	case *statev1.RetailerPrepared:
		if b.GetThrough() {
			return StepsTogether
		}
	case *statev1.CreateAccount:
		if b.GetPlaceIn() != "" {
			return StepsTogether
		}
		if len(b.GetRecord().GetAccount().GetClients()) > 0 {
			return 4
		}
	case *statev1.AddAuthority, *statev1.RemoveAuthority, *statev1.RemoveOperations:
		return 3
	case *statev1.Initialise:
		if b.GetAuthority() != nil {
			return 3
		}
	case *statev1.BeginTerm:
		return 2
	}
	return 1
}

// etag names a version of a resource by the index of the command that wrote it.
func etag(index Index) string { return strconv.FormatUint(uint64(index), 10) }

// checkEtag refuses a change that was decided on another version. An empty want accepts any.
func checkEtag(what, name, want, have string) error {
	if want == "" || want == have {
		return nil
	}
	return fault.New(fault.Conflict, "The %s %s has changed since you read it; read it again.", what, name).
		At("etag").With("etag", have)
}

func notFound(what, name string) error {
	if account, number, ok := strings.Cut(name, "/"); ok {
		name = account + "/" + strings.TrimLeft(number, "0") // numbers in keys have leading zeros
	}
	return fault.NotFoundf("There is no %s %q.", what, name)
}

func exists(what, name string) error {
	return fault.New(fault.Exists, "The name %q is taken: the %s exists already.", name, what).WithCode("C0123E")
}

// create reports whether a put makes something new, and refuses one that does not fit what is there.
func create(what, name, want string, have interface{ GetEtag() string }, found bool) (bool, error) {
	switch {
	case !found && want == "":
		return true, nil
	case !found:
		return false, notFound(what, name)
	case want == "":
		return false, exists(what, name)
	default:
		return false, checkEtag(what, name, want, have.GetEtag())
	}
}
