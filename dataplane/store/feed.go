package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// This file reads the feed of changes. Rows are read in the order of their times up to a horizon, behind which nothing appears any more: a row is
// told when its statement runs, by the database's clock, and its transaction is committed within keyLife of its first drawn key, which may have been
// keyAhead of that clock. A row that some statement told in the middle of a transaction may be older than its commit by both of them.
//
// A place in the feed is that of a row that is there. It serves as its own proof: where the row is not there any more, rows behind it may be gone as well,
// since the oldest go first; or the database is one that was restored, whose history is another one's.

const (
	sqlFeedHorizon = `(SELECT least(now() - INTERVAL '2500 milliseconds', coalesce(min(w.began_on), now())) FROM long_writes w WHERE w.account_id = $1 AND w.ends_on > now())`

	sqlFeedState = `SELECT now(), ` + sqlFeedHorizon + `, COALESCE(` + sqlKeptSince + `, TIMESTAMPTZ '1970-01-01 00:00:00Z'),
	COALESCE((SELECT min(c.at) FROM changes c WHERE c.account_id = $1), now())`

	// The row of the place comes first, if it is there; without its body if all of it was read.
	sqlFeed = `SELECT c.at, c.id::TEXT, CASE WHEN $4::BOOL AND c.at = $2::TIMESTAMPTZ AND c.id = $3::TEXT::UUID THEN ''::BYTEA ELSE c.body END FROM changes c
WHERE c.account_id = $1 AND (c.at, c.id) >= ($2::TIMESTAMPTZ, $3::TEXT::UUID) AND c.at < ` + sqlFeedHorizon + ` ORDER BY c.at, c.id LIMIT $5`

	sqlFeedEnd = `SELECT c.at, c.id::TEXT FROM changes c WHERE c.account_id = $1 AND c.at < ` + sqlFeedHorizon + ` ORDER BY c.at DESC, c.id DESC LIMIT 1`

	// A feed begins with a row that tells nothing, older than all that is under way.
	sqlFeedBegin = `INSERT INTO changes (account_id, at, id, body) VALUES ($1, clock_timestamp() - INTERVAL '2 minutes', gen_random_uuid(), ''::BYTEA) RETURNING at, id::TEXT`
)

// FeedPlace is a place in an account's feed: a row, and how many of the entities that it tells of were read; AllRead: all of them.
type FeedPlace struct {
	At   time.Time
	ID   string
	Read int
}

// AllRead is what FeedPlace.Read says of a whole row.
const AllRead = -1

// Lost says why nobody can tell what changed behind a place.
type Lost string

// Why a reader has to begin anew.
const (
	LostExpired  Lost = "EXPIRED"       // what came behind the place is not kept any more
	LostRestored Lost = "RESTORED"      // the database has another history: it was restored from a backup
	LostOlder    Lost = "OLDER_RELEASE" // nodes of a release before this one have written meanwhile, without telling
	LostClock    Lost = "CLOCK"         // the database's clock was set back
)

// FeedRow is what one commit, or one statement of it, has changed.
type FeedRow struct {
	At      time.Time
	ID      string
	Changes []ChangedIDs
}

// FeedPage is rows behind a place. Place's own row comes first, unless all of it was read.
type FeedPage struct {
	Rows []FeedRow
	More bool      // there are more behind them
	Seen time.Time // all that was committed before it is in what was read up to here, if there is no more
	Lost Lost      // empty: nothing is
}

// feedState is how the feed stands.
type feedState struct{ now, horizon, since, oldest time.Time }

func (s *feedState) read(rows pgx.Rows) error {
	_, err := pgx.ForEachRow(rows, []any{&s.now, &s.horizon, &s.since, &s.oldest}, func() error { return nil })
	return err
}

// ready fails while the feed has not begun.
func (s *feedState) ready() error {
	if !s.since.Before(s.horizon) {
		return fault.New(fault.Unavailable, "nodes of a release before this one are at work, or were a minute ago, which do not tell what they change: there is no feed until they are gone").
			With("since", s.since.UTC().Format(time.RFC3339))
	}
	return nil
}

// Feed reads at most limit rows behind a place of the account's feed, at which its reader had seen all up to a time.
func (r *Reader) Feed(ctx context.Context, place FeedPlace, seen time.Time, limit int) (*FeedPage, error) {
	if r.scope.Account() == "" {
		return nil, errNoAccount
	}
	account, state, page, there := string(r.scope.Account()), feedState{}, &FeedPage{}, false
	err := r.run(ctx, []call{
		{name: "changes.state", sql: sqlFeedState, args: []any{account}, rows: state.read},
		{name: "changes.read", sql: sqlFeed, args: []any{account, place.At, place.ID, place.Read == AllRead, int64(limit) + 1}, steady: true, rows: func(rows pgx.Rows) (err error) {
			page, there, err = readFeed(rows, place)
			return err
		}},
	})
	if err != nil {
		return nil, err
	}
	if page.More = len(page.Rows) >= limit; page.More {
		page.Rows = page.Rows[:limit]
	}
	page.Seen = state.horizon.UTC()
	switch {
	case seen.After(state.now):
		page.Lost = LostClock
	case !state.since.Before(seen):
		if err := state.ready(); err != nil {
			return nil, err
		}
		page.Lost = LostOlder
	case !there && place.At.Before(state.oldest):
		page.Lost = LostExpired
	case !there:
		page.Lost = LostRestored
	}
	return page, nil
}

// readFeed reads rows, and whether the place's own was there.
func readFeed(rows pgx.Rows, place FeedPlace) (page *FeedPage, there bool, err error) {
	page = &FeedPage{}
	for rows.Next() {
		var row FeedRow
		var body []byte
		if err := rows.Scan(&row.At, &row.ID, &body); err != nil {
			return nil, false, err
		}
		own := row.At.Equal(place.At) && row.ID == place.ID
		if there = there || own; own && place.Read == AllRead {
			continue
		}
		if row.Changes, err = DecodeChanges(body); err != nil {
			return nil, false, fmt.Errorf("%s of %s: %w", row.ID, row.At, err)
		}
		row.At = row.At.UTC()
		page.Rows = append(page.Rows, row)
	}
	return page, there, rows.Err()
}

// FeedEnd is where the feed ends now, and up to when all that was committed lies before that.
func (r *Reader) FeedEnd(ctx context.Context) (place FeedPlace, seen time.Time, err error) {
	if r.scope.Account() == "" {
		return place, seen, errNoAccount
	}
	account, state := string(r.scope.Account()), feedState{}
	read := func(rows pgx.Rows) error {
		place = FeedPlace{Read: AllRead}
		_, err := pgx.ForEachRow(rows, []any{&place.At, &place.ID}, func() error { return nil })
		return err
	}
	err = r.run(ctx, []call{
		{name: "changes.state", sql: sqlFeedState, args: []any{account}, rows: state.read},
		{name: "changes.end", sql: sqlFeedEnd, args: []any{account}, steady: true, rows: read},
	})
	if err == nil {
		err = state.ready()
	}
	if err == nil && place.ID == "" {
		err = r.db.sendWrite(ctx, r.scope.Account(), []call{{name: "changes.begin", sql: sqlFeedBegin, args: []any{account}, rows: read}})
	}
	place.At = place.At.UTC()
	return place, state.horizon.UTC(), err
}

// EntitiesAfter lists entities of a type in the order of their creation, behind the last one that was listed; empty: from the first. last is empty where
// there are no more.
func (r *Reader) EntitiesAfter(ctx context.Context, typ *catalogue.Type, after string, most int) (list []any, last string, err error) {
	m, err := r.db.model(typ)
	if err != nil {
		return nil, "", err
	}
	list, err = r.Entities(ctx, Query{Type: typ, Page: Page{First: most, After: after}})
	if err != nil || len(list) < most {
		return list, "", err
	}
	e := list[len(list)-1]
	id, _ := m.id.field.Get(e).(catalogue.ID)
	created, _ := m.created.field.Get(e).(time.Time)
	p := position{micros: created.UnixMicro(), kind: m.id.kind}
	if m.id.kind == kindUUID {
		p.uuid, _ = parseUUID(id)
	} else {
		p.number, _ = parseNumber(id)
	}
	return list, p.plain(), nil
}

// ParseUUID reads an id of a row of the feed; false: it is none.
func ParseUUID(id catalogue.ID) ([16]byte, bool) { return parseUUID(id) }

// FormatUUID prints the id of a row of the feed.
func FormatUUID(u [16]byte) catalogue.ID { return formatUUID(u) }
