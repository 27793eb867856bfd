package rest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// What the older resource of locations asks of GraphQL.
const (
	locationHead = ` id ref type status name supportPhoneNumber defaultCarrier createdOn updatedOn retailer { id } attributes { name type value }
	primaryAddress { companyName name street city state postcode country latitude longitude timeZone }
	openingSchedule { allHours monStart monEnd tueStart tueEnd wedStart wedEnd thuStart thuEnd friStart friEnd satStart satEnd sunStart sunEnd }
	networks(first: 20) { edges { node { ref type } } }`

	locationsByFilter = `query ($status: [String], $first: Int, $after: String) { locations(status: $status, first: $first, after: $after) {
		edges { cursor node {` + locationHead + ` } } pageInfo { hasNextPage } } }`
	makeLocation   = `mutation ($input: CreateLocationInput!) { createLocation(input: $input) { id ref type status createdOn } }`
	changeLocation = `mutation ($input: UpdateLocationInput!) { updateLocation(input: $input) { id ref type status updatedOn } }`
)

// The bounds of a list: what is asked for at most, and what is read at a time.
const (
	mostListed  = 10_000
	pageOfList  = 250
	pageOfParts = 10
	mostRead    = 20_000
)

// listed is one page of a list.
type listed struct {
	Start   int   `json:"start"`
	Count   int   `json:"count"`
	HasMore bool  `json:"hasMore"`
	Results []any `json:"results"`
}

// fits says whether a list has a node.
type fits func(node values) bool

// listing is a list that a document reads, page by page: it has the variables first and after, and selects cursors and hasNextPage.
type listing struct {
	text  string
	at    string // the connection's name in what the document answers with; empty: it is the answer
	page  int
	given values
	which []fits
}

// list reads a connection until it has what start and count ask for of the nodes that fit.
func (a *API) list(c *call, l listing) (any, error) {
	start, count, err := window(c.r, 100, mostListed)
	if err != nil {
		return nil, err
	}
	out := listed{Start: start, Results: []any{}}
	l.given["first"] = json.Number(strconv.Itoa(l.page))
	for read, skip := 0, start; ; {
		nodes, more, err := a.page(c, &l)
		if err != nil {
			return nil, err
		}
		for _, node := range nodes {
			switch {
			case slices.ContainsFunc(l.which, func(f fits) bool { return !f(node) }):
			case skip > 0:
				skip--
			case out.Count == count:
				out.HasMore = true
				return out, nil
			default:
				out.Results, out.Count = append(out.Results, node), out.Count+1
			}
		}
		if read += len(nodes); !more {
			return out, nil
		}
		if read >= mostRead {
			return nil, fault.Invalidf("start", "Of this list the first %d are looked at: ask GraphQL for it, or for less of it", mostRead).WithCode(fault.CodeTooMuch)
		}
	}
}

// page reads the next page of a list, and whether there are more.
func (a *API) page(c *call, l *listing) (nodes []values, more bool, err error) {
	answered, err := a.ask(c, l.text, l.given)
	if err != nil {
		return nil, false, err
	}
	connection, _ := answered.(values)
	if l.at != "" {
		if connection == nil {
			return nil, false, fault.NotFoundf("There is nothing with the id that the path names: %s", l.given["id"])
		}
		connection, _ = connection[l.at].(values)
	}
	edges, _ := connection["edges"].([]any)
	for _, e := range edges {
		edge, _ := e.(values)
		node, _ := plain(edge["node"]).(values)
		nodes, l.given["after"] = append(nodes, node), edge["cursor"]
	}
	info, _ := connection["pageInfo"].(values)
	next, _ := info["hasNextPage"].(bool)
	return nodes, next && len(edges) > 0, nil
}

// filter takes parameters of the request's address as variables: a list each, of what is given more than once or with commas.
func (c *call) filter(names map[string]string) values {
	out := values{}
	for parameter, variable := range names {
		if list := c.words(parameter); len(list) > 0 {
			out[variable] = list
		}
	}
	return out
}

// words are what a parameter lists.
func (c *call) words(parameter string) (list []any) {
	for _, given := range c.r.URL.Query()[parameter] {
		for _, w := range strings.Split(given, ",") {
			if w = strings.TrimSpace(w); w != "" {
				list = append(list, w)
			}
		}
	}
	return list
}

// listed is the retailer of whom a list is asked for, by a parameter or by what the path begins with; empty: of all.
func (c *call) listed() (string, error) {
	id := string(c.retailer(httpapi.Text(c.r.URL.Query().Get("retailerId"))))
	if id == "" {
		return "", nil
	}
	_, err := retailerNumber(id)
	return id, err
}

// ofRetailer lets pass what is a retailer's; all if none is named.
func ofRetailer(id string) fits {
	return func(node values) bool {
		retailer, _ := node["retailer"].(values)
		return id == "" || retailer["id"] == id
	}
}

func (a *API) searchLocations(c *call) (any, error) {
	inside, err := c.box()
	wrong := wrongs{err}
	retailer, err := c.listed()
	wrong.add(err)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	text := strings.ToLower(c.r.URL.Query().Get("query"))
	called := func(node values) bool {
		return strings.Contains(strings.ToLower(fmt.Sprint(node["ref"], " ", node["name"])), text)
	}
	return a.list(c, listing{text: locationsByFilter, page: pageOfList, given: c.filter(map[string]string{"agentStatuses": "status"}), which: []fits{
		ofRetailer(retailer), inNetwork("ref", c.words("agentNetwork")), inNetwork("type", c.words("agentNetworkTypes")), called, inside}})
}

// inNetwork lets pass what is in a network of one of the refs, or types; all if none is named.
func inNetwork(member string, wanted []any) fits {
	return func(node values) bool {
		networks, _ := node["networks"].([]any)
		return len(wanted) == 0 || slices.ContainsFunc(networks, func(n any) bool {
			network, _ := n.(values)
			return slices.Contains(wanted, network[member])
		})
	}
}

// box lets pass what lies between the latitudes and longitudes that are given. What has no coordinates lies nowhere.
func (c *call) box() (fits, error) {
	var wrong wrongs
	var sides []fits
	for _, side := range []struct {
		parameter, member string
		sign              float64
	}{{"minLatitude", "latitude", 1}, {"maxLatitude", "latitude", -1}, {"minLongitude", "longitude", 1}, {"maxLongitude", "longitude", -1}} {
		given := c.r.URL.Query().Get(side.parameter)
		if given == "" {
			continue
		}
		bound, err := strconv.ParseFloat(given, 64)
		if err != nil || bound < -180 || bound > 180 {
			wrong.add(fault.Invalidf(side.parameter, "Degrees from -180 to 180 are expected, got %q", given))
			continue
		}
		sides = append(sides, func(node values) bool {
			address, _ := node["primaryAddress"].(values)
			n, _ := address[side.member].(json.Number)
			at, err := n.Float64()
			return err == nil && (at-bound)*side.sign >= 0
		})
	}
	return func(node values) bool { return !slices.ContainsFunc(sides, func(f fits) bool { return !f(node) }) }, wrong.err()
}

// limit reads how much is wanted at most; 0: all.
func (c *call) limit(given any) (int, error) {
	if given == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(fmt.Sprint(given))
	if err != nil || n < 1 {
		return 0, fault.Invalidf("limit", "A whole number from 1 is expected, got %v", given)
	}
	return n, nil
}

func (a *API) createLocation(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	return a.ask(c, makeLocation, values{"input": in})
}

func (a *API) updateLocation(c *call) (any, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	return a.ask(c, changeLocation, values{"input": in})
}
