package sourcing_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/order/sourcing/expression"
)

// TestScenarios runs the files in testdata/scenarios. docs/sourcing.md says how they are written; what a word does is in words below.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 18)
	page, err := os.ReadFile("../../../docs/sourcing.md")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		title, _, _ := strings.Cut(strings.TrimPrefix(string(raw), "# "), "\n")
		require.Contains(t, string(page), "| `"+strings.TrimSuffix(filepath.Base(file), ".txt")+"` | "+title+" |", "docs/sourcing.md lists each scenario with its title")
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			for _, c := range cut(t, file) {
				s := &scenario{t: t, request: &sourcing.Request{Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{}}, context: map[string]any{}, name: "HD_DEFAULT"}
				s.request.Context = s.context
				s.run(c)
				require.Positive(t, s.checks, "%s: nothing is expected", c[len(c)-1].at)
			}
		})
	}
}

// line is a line of a scenario: where it stands, and its words.
type line struct {
	at    string
	words []string
	text  string
}

// cut reads a file into its cases: each is what stands before the first case, and its own lines.
func cut(t *testing.T, file string) (cases [][]line) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	var head []line
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		text, _, _ := strings.Cut(in.Text(), "#")
		words := strings.Fields(strings.ReplaceAll(text, "|", " "))
		at := fmt.Sprintf("%s:%d", filepath.Base(file), n)
		switch {
		case len(words) == 0:
		case words[0] == "case":
			cases = append(cases, slices.Clone(head))
		case words[0] == "use":
			head = append(head, cut(t, filepath.Join(filepath.Dir(file), "..", words[1]+".txt"))[0]...)
		case len(cases) == 0:
			head = append(head, line{at, words, strings.TrimSpace(text)})
		default:
			cases[len(cases)-1] = append(cases[len(cases)-1], line{at, words, strings.TrimSpace(text)})
		}
	}
	if len(cases) == 0 {
		cases = [][]line{head}
	}
	return cases
}

// scenario is a case while it is run: what is given, and what was decided as soon as something is expected.
type scenario struct {
	t         *testing.T
	request   *sourcing.Request
	context   map[string]any
	name      string   // of a default profile
	json      []string // of a profile of its own
	inJSON    bool
	table     []string // the places of the stock table
	catalogue string
	inbound   sourcing.Backorders
	decided   bool
	profile   *sourcing.Profile
	plan      *sourcing.Plan
	fallback  *sourcing.Plan
	attempts  []sourcing.Attempt
	checks    int
	at        string
}

func (s *scenario) run(lines []line) {
	for _, l := range lines {
		s.at = l.at
		switch {
		case s.inJSON && l.words[0] == "end":
			s.inJSON = false
		case s.inJSON:
			s.json = append(s.json, l.text)
		case s.given(l.words[0], l.words[1:]):
		default:
			s.decide()
			s.checks++
			require.True(s.t, s.expected(l.words[0], l.words[1:], strings.TrimSpace(strings.TrimPrefix(l.text, l.words[0]))), "%s: unknown word %q", l.at, l.words[0])
		}
	}
}

// given reads a line that says what is.
func (s *scenario) given(word string, rest []string) bool {
	r := s.request
	switch word {
	case "now":
		r.Now = s.date(rest[0])
	case "place":
		r.Locations = append(r.Locations, s.place(rest))
	case "change":
		i := slices.IndexFunc(r.Locations, func(l sourcing.Location) bool { return l.Ref == rest[0] })
		require.GreaterOrEqual(s.t, i, 0, s.at)
		s.describe(&r.Locations[i], rest[1:])
	case "stock":
		s.catalogue, s.table = rest[0], rest[1:]
		if r.Stock[s.catalogue] == nil {
			r.Stock[s.catalogue] = sourcing.Stock{}
		}
	case "of":
		require.Len(s.t, rest, 1+len(s.table), s.at)
		for i, place := range s.table {
			r.Stock[s.catalogue].Put(place, rest[0], sourcing.Units{ATS: s.number(rest[1+i])})
		}
	case "position":
		s.position(rest)
	case "profile":
		if s.json = nil; rest[0] == "json" {
			s.inJSON = true
		} else {
			s.name = rest[0]
		}
	case "item":
		r.Needs = append(r.Needs, sourcing.Need{ItemID: fmt.Sprint(len(r.Needs) + 1), ProductRef: rest[0], Quantity: s.number(rest[1]), PaidPrice: s.figure(rest[2])})
	case "order":
		r.Method = rest[0]
		s.put("type", rest[0])
		for _, x := range rest[1:] {
			s.choice(x)
		}
	case "context":
		s.put(rest[0], strings.Join(rest[2:], " "))
	case "live":
		r.Live = s.number(rest[0])
	case "exclude":
		r.Locations = slices.DeleteFunc(r.Locations, func(l sourcing.Location) bool { return l.Ref == rest[0] })
		if r.Excluded == nil {
			r.Excluded = map[string]string{}
		}
		r.Excluded[rest[0]] = rest[1]
	case "inbound":
		s.inbound.Enabled = true
		s.inbound.Inbound = append(s.inbound.Inbound, sourcing.Inbound{Ref: fmt.Sprint("E", len(s.inbound.Inbound)+1), LocationRef: rest[1], ProductRef: rest[0], Free: s.number(rest[2]), ExpectedOn: s.date(rest[3])})
	default:
		return false
	}
	return true
}

// choice is where the goods go: to=LATITUDE,LONGITUDE, to=nowhere, or pickup=PLACE.
func (s *scenario) choice(text string) {
	key, value, _ := strings.Cut(text, "=")
	switch {
	case key == "pickup":
		s.request.PickupLocation, s.request.Destination = value, nil
		for i := range s.request.Locations {
			if l := &s.request.Locations[i]; l.Ref == value {
				s.request.Destination = l.Point
			}
		}
	case value == "nowhere":
		s.request.Destination = nil
	default:
		s.request.Destination = s.point(value)
	}
}

func (s *scenario) place(rest []string) sourcing.Location {
	l := sourcing.Location{Ref: rest[0], Type: rest[1]}
	s.describe(&l, rest[2:])
	return l
}

func (s *scenario) describe(l *sourcing.Location, rest []string) {
	attributes := l.Attributes
	if attributes == nil {
		attributes = map[string]any{}
	}
	for _, x := range rest {
		key, value, _ := strings.Cut(x, "=")
		switch key {
		case "at":
			if l.Point = nil; value != "unknown" {
				l.Point = s.point(value)
			}
		case "networks":
			l.Networks = strings.Split(value, ",")
		case "today":
			l.CreatedToday = s.number(value)
		case "hours":
			l.NeverOpens = value == "never"
		default:
			var list []any
			for _, v := range strings.Split(value, ",") {
				list = append(list, v)
			}
			if attributes[key] = list; len(list) == 1 {
				attributes[key] = value
			}
		}
	}
	l.Describe(attributes)
}

// position adds attributes to a position: position P1 STORE_A sellThrough=0.3 markdownPercent=20 receivedOn=2026-01-01.
func (s *scenario) position(rest []string) {
	attributes := map[string]any{}
	for _, x := range rest[2:] {
		key, value, _ := strings.Cut(x, "=")
		attributes[key] = value
	}
	u, ok := s.request.Stock[s.catalogue].At(rest[1], rest[0])
	require.True(s.t, ok, "%s: there is no such position", s.at)
	s.request.Stock[s.catalogue].Put(rest[1], rest[0], sourcing.Measure(u.ATS, func(name string) any { return attributes[name] }))
}

// put sets a value in the sourcing context.
func (s *scenario) put(path, value string) {
	at, words := s.context, strings.Split(path, ".")
	for _, w := range words[:len(words)-1] {
		if at[w] == nil {
			at[w] = map[string]any{}
		}
		at = at[w].(map[string]any)
	}
	at[words[len(words)-1]] = value
}

func (s *scenario) decide() {
	if s.decided {
		return
	}
	s.decided = true
	var err error
	if s.profile = sourcing.Default(s.name, 1); s.json != nil {
		s.profile, err = sourcing.ParseProfile([]byte(strings.Join(s.json, "\n")), expression.Compile)
		require.NoError(s.t, err, s.at)
	}
	s.plan, s.attempts, err = sourcing.Primary(s.profile, s.request)
	require.NoError(s.t, err, s.at)
	if s.plan == nil {
		var more []sourcing.Attempt
		s.fallback, more, err = sourcing.Fallback(s.profile, s.request)
		require.NoError(s.t, err, s.at)
		s.attempts = append(s.attempts, more...)
	}
}

// expected checks a line that says what must come of it.
func (s *scenario) expected(word string, rest []string, text string) bool {
	equal := func(want, got any) { require.Equal(s.t, want, got, "%s: %s", s.at, word) }
	last := s.attempts[len(s.attempts)-1]
	switch word {
	case "plan", "fallback":
		plan := s.plan
		if word == "fallback" {
			plan = s.fallback
		}
		equal(text, s.say(plan))
	case "rest":
		equal(text, lines(s.fallback.Remaining))
	case "tried":
		equal(rest[1], s.tried(rest[0]).Outcome)
	case "search":
		equal(rest[0], last.Search)
	case "ranking":
		var refs []string
		for _, x := range last.Ranking {
			refs = append(refs, x.Location)
		}
		equal(rest, refs)
	case "rating":
		i := slices.IndexFunc(last.Ranking, func(x sourcing.Ranking) bool { return x.Location == rest[0] })
		require.GreaterOrEqual(s.t, i, 0, s.at)
		require.Len(s.t, last.Ranking[i].Ratings, len(rest)-1, s.at)
		for k, want := range rest[1:] { // to as many digits as are given
			_, digits, _ := strings.Cut(want, ".")
			require.Equal(s.t, s.figure(want), round(last.Ranking[i].Ratings[k], len(digits)), "%s: rating", s.at)
		}
	case "unknown":
		i := slices.IndexFunc(last.Ranking, func(x sourcing.Ranking) bool { return x.Location == rest[0] })
		require.GreaterOrEqual(s.t, i, 0, s.at)
		equal(rest[1:], last.Ranking[i].Unknown)
	case "others":
		equal(s.number(rest[1]), last.Others[rest[0]])
	case "why":
		reasons, err := sourcing.WhyNot(s.profile, s.request, rest[0])
		require.NoError(s.t, err)
		equal(rest[1], reasons[len(reasons)-1].Why)
	case "leg":
		s.leg(text)
	case "awaited", "waiting", "refused":
		s.later(word, text)
	default:
		return false
	}
	return true
}

// round rounds to so many digits; without any, it does not.
func round(f float64, digits int) float64 {
	if digits == 0 {
		return f
	}
	scale := math.Pow10(digits)
	return math.Round(f*scale) / scale
}

func (s *scenario) tried(strategy string) sourcing.Attempt {
	i := slices.IndexFunc(s.attempts, func(a sourcing.Attempt) bool { return a.Strategy == strategy })
	require.GreaterOrEqual(s.t, i, 0, "%s: %s was not tried", s.at, strategy)
	return s.attempts[i]
}

// say prints a plan as STRATEGY: STORE_A P2×2 P3×4, STORE_B P3×1; or none.
func (s *scenario) say(plan *sourcing.Plan) string {
	if plan == nil || len(plan.Fulfilments) == 0 {
		return "none"
	}
	var out []string
	for _, f := range plan.Fulfilments {
		out = append(out, f.Ref+" "+lines(f.Lines))
	}
	return plan.Strategy + ": " + strings.Join(out, ", ")
}

func lines(needs []sourcing.Need) string {
	var out []string
	for _, n := range needs {
		out = append(out, fmt.Sprintf("%s×%d", n.ProductRef, n.Quantity))
	}
	return strings.Join(out, " ")
}

// leg checks that the plan's consolidation has a leg: STORE_B to STORE_A P3×1.
func (s *scenario) leg(text string) {
	require.NotNil(s.t, s.plan.Consolidation, s.at)
	var all []string
	for _, l := range s.plan.Consolidation.Legs {
		all = append(all, l.From+" to "+l.To+" "+lines(l.Lines))
	}
	require.Contains(s.t, all, text, s.at)
}

// later checks what becomes of what the fallback leaves open: awaited DC1 2026-03-10 P2×2, waiting P2×1, refused P2×1.
func (s *scenario) later(word, text string) {
	rest := s.inbound.Backorder(s.fallback.Remaining)
	var all []string
	switch word {
	case "waiting":
		all = []string{lines(rest.Waiting)}
	case "refused":
		all = []string{lines(rest.Refused)}
	default:
		for _, a := range rest.Awaited {
			all = append(all, a.LocationRef+" "+a.ExpectedOn.Format(time.DateOnly)+" "+lines(a.Lines))
		}
	}
	require.Contains(s.t, all, text, s.at)
}

func (s *scenario) number(text string) int {
	n, err := strconv.Atoi(text)
	require.NoError(s.t, err, s.at)
	return n
}

func (s *scenario) figure(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	require.NoError(s.t, err, s.at)
	return f
}

func (s *scenario) point(text string) *sourcing.Point {
	latitude, longitude, ok := strings.Cut(text, ",")
	require.True(s.t, ok, "%s: LATITUDE,LONGITUDE", s.at)
	return &sourcing.Point{Latitude: s.figure(latitude), Longitude: s.figure(longitude)}
}

func (s *scenario) date(text string) time.Time {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if on, err := time.Parse(layout, text); err == nil {
			return on
		}
	}
	require.Fail(s.t, "no date", "%s: %s", s.at, text)
	return time.Time{}
}
