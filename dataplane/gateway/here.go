package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// here is the node of this process if it takes requests now; nil if there is none that does.
func (g *Gateway) here() http.Handler {
	if g.settings.Here == nil {
		return nil
	}
	return g.settings.Here.Node()
}

// answerHere has the node of this process answer, which sees of the request what a gateway would have sent it.
func (g *Gateway) answerHere(w http.ResponseWriter, r *http.Request, here http.Handler) {
	for name := range r.Header {
		if strings.HasPrefix(name, ours) {
			delete(r.Header, name)
		}
	}
	if account := g.accountAt(r.Host); account != "" {
		r.Header.Set(AccountHeader, account)
	}
	g.settings.Proxies.Handler(here).ServeHTTP(w, r)
}

// DoorsPath is where clients learn at which addresses they may call nodes themselves.
const DoorsPath = "/.well-known/fluent-doors"

// doorsAge is for how long clients may go by the answer.
const doorsAge = 30 * time.Second

// serveDoors lists the doors of ready nodes, with or without credentials: each is an address that whoever asks may call anyway.
func (g *Gateway) serveDoors(w http.ResponseWriter) {
	doors := []string{}
	for _, p := range g.state.View().Peers("node") {
		if p.GetState() == "READY" && p.GetDoor() != "" {
			doors = append(doors, p.GetDoor())
		}
	}
	seconds := int(doorsAge / time.Second)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age="+strconv.Itoa(seconds))
	_ = json.NewEncoder(w).Encode(map[string]any{"doors": doors, "maxAge": seconds}) // the reader may have gone
}
