package identity

import (
	"time"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/domain/fault"
)

// peerLife is how long a token among nodes is good: one call.
const peerLife = time.Minute

// PeerToken signs a token with which this node calls another one of its environment.
func (s *Service) PeerToken(nodeID string) (string, error) {
	s.mu.RLock()
	signer := s.signer
	s.mu.RUnlock()
	raw, _, err := signer.Node(token.Node{NodeID: nodeID, Kind: "node", Environment: "self"}, peerLife)
	return raw, err
}

// VerifyPeer checks the Authorization header of a call from another node of the environment.
func (s *Service) VerifyPeer(authorization string) error {
	raw, ok := token.Bearer(authorization)
	if !ok {
		return fault.New(fault.Unauthenticated, "A node's token is needed")
	}
	_, err := s.verifier.Node(raw)
	return err
}
