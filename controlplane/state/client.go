package state

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// An account's API clients stand in its record: what is public of them in the account, the hashes of their secrets beside it. A client
// without roles is one from before clients had any.

// clientCommands are about API clients.
var clientCommands = []command{
	{statev1.Kind_KIND_SET_CLIENT_SECRET, 1, handle(setClientSecret)},
	{statev1.Kind_KIND_CREATE_API_CLIENT, 4, handle(createAPIClient)},
	{statev1.Kind_KIND_UPDATE_API_CLIENT, 4, handle(updateAPIClient)},
	{statev1.Kind_KIND_ROTATE_API_CLIENT, 4, handle(rotateAPIClient)},
	{statev1.Kind_KIND_REVOKE_API_CLIENT, 4, handle(revokeAPIClient)},
}

// keptClients is how many clients an account has at most. Revoked ones are forgotten, the oldest first, when another needs the place.
const keptClients = 50

// firstClients makes the clients of a new account: those that the record names, and one without roles for each secret besides, as it
// was when the command is older than roles.
func (tx *Tx) firstClients(record *statev1.AccountRecord) {
	account := record.GetAccount()
	for _, s := range record.GetSecrets() {
		if i := clientAt(record, s.GetClientId()); i >= 0 {
			c := account.GetClients()[i]
			c.RefreshTokens, c.RotateTime, c.Generation = true, tx.now(), uint64(tx.index)
			s.CreateTime = tx.now()
			stamp(tx, c, nil)
			continue
		}
		account.Clients = append(account.Clients, &cpv1.ApiClient{ClientId: s.GetClientId(), RefreshTokens: true, RotateTime: tx.now()})
	}
}

func clientAt(record *statev1.AccountRecord, id string) int {
	return slices.IndexFunc(record.GetAccount().GetClients(), func(c *cpv1.ApiClient) bool { return c.GetClientId() == id })
}

// ClientRecord finds the account that a client is of, and the client in it.
func ClientRecord(v View, id string) (*statev1.AccountRecord, *cpv1.ApiClient, bool) {
	record, found := Accounts.Get(v, string(tenancy.AccountOfClient(id)))
	if !found {
		return nil, nil, false
	}
	i := clientAt(record, id)
	if i < 0 {
		return nil, nil, false
	}
	return record, record.GetAccount().GetClients()[i], true
}

// clientChange is a change of one client under way: a copy of its record, and where the client is in it.
type clientChange struct {
	record *statev1.AccountRecord
	client *cpv1.ApiClient
	before *cpv1.ApiClient
}

// client begins a change of a client. It refuses revoked ones, which nothing brings back.
func (tx *Tx) client(id, etag string) (*clientChange, error) {
	stored, before, found := ClientRecord(tx.View, id)
	if !found {
		return nil, notFound("API client", id)
	}
	if err := checkEtag("API client", id, etag, before.GetEtag()); err != nil {
		return nil, err
	}
	if before.GetRevokeTime() != nil {
		return nil, fault.New(fault.Unprocessable, "The API client %s was revoked; make another one.", id).At("client_id")
	}
	record := proto.CloneOf(stored)
	return &clientChange{record: record, client: record.GetAccount().GetClients()[clientAt(record, id)], before: before}, nil
}

// end stores the change and answers with the client as callers may see it.
func (c *clientChange) end(tx *Tx) (proto.Message, error) {
	stamp(tx, c.client, c.before)
	tx.touch("client", c.client.GetClientId())
	return PublicClient(c.record, c.client, tx.now()), Accounts.put(tx, c.record)
}

func createAPIClient(tx *Tx, c *statev1.CreateApiClient) (proto.Message, error) {
	client := c.GetClient()
	id := client.GetClientId()
	name := string(tenancy.AccountOfClient(id))
	stored, found := Accounts.Get(tx.View, name)
	switch {
	case !found:
		return nil, notFound("account", name)
	case clientAt(stored, id) >= 0:
		return nil, exists("API client", id)
	case stored.GetAccount().GetState() == cpv1.AccountState_ACCOUNT_STATE_DELETING:
		return nil, fault.New(fault.Unprocessable, "The account %s is closed.", name)
	}
	if err := tx.checkRoles(stored, client); err != nil {
		return nil, err
	}
	if err := tx.checkExpiry(client); err != nil {
		return nil, err
	}
	record := proto.CloneOf(stored)
	if err := makeRoom(record); err != nil {
		return nil, err
	}
	made := &cpv1.ApiClient{
		ClientId: id, Description: client.GetDescription(), Roles: client.GetRoles(), ExpireTime: client.GetExpireTime(),
		RefreshTokens: true, RotateTime: tx.now(), Generation: uint64(tx.index),
		// Those of an account that is being made open with it.
		Open: stored.GetAccount().GetState() != cpv1.AccountState_ACCOUNT_STATE_PROVISIONING,
	}
	record.Account.Clients = append(record.Account.Clients, made)
	record.Secrets = append(record.Secrets, &statev1.ClientSecret{ClientId: id, Hash: c.GetSecretHash(), CreateTime: tx.now()})
	return (&clientChange{record: record, client: made}).end(tx)
}

// makeRoom forgets the client that was revoked first if there are as many as an account may have.
func makeRoom(record *statev1.AccountRecord) error {
	account := record.GetAccount()
	if len(account.GetClients()) < keptClients {
		return nil
	}
	oldest := -1
	for i, c := range account.GetClients() {
		if c.GetRevokeTime() != nil && (oldest < 0 || c.GetRevokeTime().AsTime().Before(account.Clients[oldest].GetRevokeTime().AsTime())) {
			oldest = i
		}
	}
	if oldest < 0 {
		return fault.New(fault.Limited, "The account %s has %d API clients already; revoke one that is not needed.", account.GetName(), keptClients)
	}
	account.Clients = slices.Delete(account.Clients, oldest, oldest+1)
	return nil
}

// checkExpiry refuses an end that has come. To end a client at once is to revoke it.
func (tx *Tx) checkExpiry(c *cpv1.ApiClient) error {
	if past(c.GetExpireTime(), tx.now()) {
		return fault.Invalidf("client.expire_time", "The client would have expired already; revoke it to end it now.")
	}
	return nil
}

// checkRoles checks what a client acts as. Whether the account has roles of these names only its environment knows.
func (tx *Tx) checkRoles(record *statev1.AccountRecord, c *cpv1.ApiClient) error {
	account := record.GetAccount().GetName()
	if len(c.GetRoles()) == 0 {
		return fault.Invalidf("client.roles", "Say what the client acts as: %s or %s, or another role of the account.", tenant.IntegrationRole, tenant.ImplementerRole)
	}
	for _, r := range c.GetRoles() {
		if len(r.GetContexts()) == 0 {
			return fault.Invalidf("client.roles", "Say where the client is to act as %s: ACCOUNT 0, RETAILER and its number, or AGENT and the location's id.", r.GetRole())
		}
		for _, at := range r.GetContexts() {
			if err := tx.checkContext(account, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) checkContext(account string, at *cpv1.ClientContext) error {
	switch tenant.ContextType(at.GetType()) {
	case tenant.AccountContext:
		if at.GetId() == "0" {
			return nil
		}
	case tenant.RetailerContext:
		number, err := strconv.ParseInt(at.GetId(), 10, 32)
		if _, found := Retailers.Get(tx.View, RetailerKey(account, int32(number))); err != nil || !found {
			return fault.Invalidf("client.roles", "The account %s has no retailer %s.", account, at.GetId())
		}
		return nil
	case tenant.AgentContext:
		if id, err := strconv.ParseInt(at.GetId(), 10, 64); err == nil && id > 0 {
			return nil
		}
	}
	return fault.Invalidf("client.roles", "There is no context %s %s: want ACCOUNT 0, RETAILER and its number, or AGENT and the location's id.",
		at.GetType(), at.GetId())
}

func updateAPIClient(tx *Tx, c *statev1.UpdateApiClient) (proto.Message, error) {
	wanted := c.GetClient()
	change, err := tx.client(wanted.GetClientId(), c.GetEtag())
	if err != nil {
		return nil, err
	}
	if len(wanted.GetRoles()) > 0 || len(change.before.GetRoles()) > 0 { // one from before roles may be described without being narrowed
		if err := tx.checkRoles(change.record, wanted); err != nil {
			return nil, err
		}
	}
	if !proto.Equal(wanted.GetExpireTime(), change.before.GetExpireTime()) {
		if err := tx.checkExpiry(wanted); err != nil {
			return nil, err
		}
	}
	change.client.Description, change.client.Roles, change.client.ExpireTime = wanted.GetDescription(), wanted.GetRoles(), wanted.GetExpireTime()
	return change.end(tx)
}

func rotateAPIClient(tx *Tx, c *statev1.RotateApiClient) (proto.Message, error) {
	change, err := tx.client(c.GetClientId(), "")
	if err != nil {
		return nil, err
	}
	record, now := change.record, tx.now()
	var kept []*statev1.ClientSecret
	live := 0
	for _, s := range record.GetSecrets() {
		switch {
		case s.GetClientId() != c.GetClientId():
			kept = append(kept, s)
		case c.GetOverlapEnd() != nil && !ended(s, now):
			live++
			if s.GetCreateTime() == nil {
				s.CreateTime = change.before.GetRotateTime()
			}
			s.EndTime = c.GetOverlapEnd()
			kept = append(kept, s)
		}
	}
	if live > 1 {
		return nil, fault.New(fault.Unprocessable,
			"Two secrets of %s are good already; wait until the older one has ended, or end both by rotating without overlap.", c.GetClientId()).At("overlap")
	}
	record.Secrets = append(kept, &statev1.ClientSecret{ClientId: c.GetClientId(), Hash: c.GetSecretHash(), CreateTime: tx.now()})
	change.client.RotateTime = tx.now()
	if c.GetOverlapEnd() == nil {
		change.client.Generation = uint64(tx.index)
	}
	return change.end(tx)
}

// ended reports whether a secret is good no more.
func ended(s *statev1.ClientSecret, now *timestamppb.Timestamp) bool {
	return past(s.GetEndTime(), now)
}

// past reports whether a time has come; one that is absent never does.
func past(t, now *timestamppb.Timestamp) bool { return t != nil && !t.AsTime().After(now.AsTime()) }

func revokeAPIClient(tx *Tx, c *statev1.RevokeApiClient) (proto.Message, error) {
	change, err := tx.client(c.GetClientId(), c.GetEtag())
	if err != nil {
		return nil, err
	}
	change.client.RevokeTime = tx.now()
	change.record.Secrets = slices.DeleteFunc(change.record.Secrets, func(s *statev1.ClientSecret) bool { return s.GetClientId() == c.GetClientId() })
	return change.end(tx)
}

// FirstRoles are what an account's first client acts as, as nodes know roles; none for one from before roles.
func FirstRoles(record *statev1.AccountRecord) []*nodev1.ApiRole {
	var out []*nodev1.ApiRole
	for _, c := range record.GetAccount().GetClients() {
		if c.GetClientId() != record.GetAccount().GetName() {
			continue
		}
		for _, role := range c.GetRoles() {
			out = append(out, RoleOf(role))
		}
	}
	return out
}

// PublicClient is a client as callers may see it at a time.
func PublicClient(record *statev1.AccountRecord, c *cpv1.ApiClient, now *timestamppb.Timestamp) *cpv1.ApiClient {
	out := proto.CloneOf(c)
	out.Account = record.GetAccount().GetName()
	out.State = clientState(c, now)
	out.OverPrivileged = OverPrivileged(c)
	for _, s := range record.GetSecrets() {
		if s.GetClientId() != c.GetClientId() || ended(s, now) {
			continue
		}
		created := s.GetCreateTime()
		if created == nil {
			created = c.GetRotateTime()
		}
		out.Secrets = append(out.Secrets, &cpv1.ApiClientSecret{CreateTime: created, EndTime: s.GetEndTime()})
	}
	return out
}

func clientState(c *cpv1.ApiClient, now *timestamppb.Timestamp) cpv1.ApiClientState {
	switch {
	case c.GetRevokeTime() != nil:
		return cpv1.ApiClientState_API_CLIENT_STATE_REVOKED
	case past(c.GetExpireTime(), now):
		return cpv1.ApiClientState_API_CLIENT_STATE_EXPIRED
	case !c.GetOpen():
		return cpv1.ApiClientState_API_CLIENT_STATE_CLOSED
	}
	return cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE
}

// OverPrivileged reports whether a client acts as an administrator, as all did before clients had roles.
func OverPrivileged(c *cpv1.ApiClient) bool {
	return len(c.GetRoles()) == 0 || slices.ContainsFunc(c.GetRoles(), func(r *cpv1.ClientRole) bool { return r.GetRole() == tenant.AdminRole })
}

// setClientSecret makes a secret the only one of its client. It is the command of before two could be good; tokens go on.
func setClientSecret(tx *Tx, c *statev1.SetClientSecret) (proto.Message, error) {
	before, found := Accounts.Get(tx.View, c.GetAccount())
	if !found {
		return nil, notFound("account", c.GetAccount())
	}
	record := proto.CloneOf(before)
	same := func(s *statev1.ClientSecret) bool { return s.GetClientId() == c.GetSecret().GetClientId() }
	i := slices.IndexFunc(record.GetSecrets(), same)
	if i < 0 {
		return nil, notFound("API client", c.GetSecret().GetClientId())
	}
	record.Secrets[i] = c.GetSecret()
	record.Secrets = append(record.Secrets[:i+1], slices.DeleteFunc(record.Secrets[i+1:], same)...)
	for _, client := range record.GetAccount().GetClients() {
		if client.GetClientId() == c.GetSecret().GetClientId() {
			client.RotateTime = tx.now()
		}
	}
	stamp(tx, record.GetAccount(), before.GetAccount())
	tx.touch("account", c.GetAccount())
	return nil, Accounts.put(tx, record)
}
