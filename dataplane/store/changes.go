package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// sqlKeptSince is since when all nodes keep what changes: a node of a build before this one writes without telling, until its lease has ended, and for a
// while behind that. It is in the past once there is none of them; NULL where there never was one. Whoever relies on what is told of changes relies on
// nothing from before this time. A lease from far ahead was made before the database's clock was set back.
const sqlKeptSince = `(SELECT max(o.until) + INTERVAL '1 minute' FROM (
	SELECT CASE WHEN n.keeps < 1 OR n.keeps_until IS DISTINCT FROM n.expires_on THEN n.expires_on ELSE n.older_until END AS until FROM engine_nodes n) o
	WHERE o.until <= now() + INTERVAL '1 minute')`

const sqlKept = `SELECT COALESCE(` + sqlKeptSince + `, TIMESTAMPTZ '1970-01-01 00:00:00Z'), now()`

// KeptSince is since when all nodes that write keep changes, see sqlKeptSince; kept: that time has come. A node that went back a build and forth
// again begins anew.
func (db *DB) KeptSince(ctx context.Context) (since time.Time, kept bool, err error) {
	var now time.Time
	r := db.Environment()
	err = r.send(ctx, []call{{name: "changes.kept", sql: sqlKept, rows: func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&since, &now); err != nil {
				return err
			}
		}
		return rows.Err()
	}}})
	return since.UTC(), since.Before(now), err
}

// ChangedIDs are entities of one type of which one thing became.
type ChangedIDs struct {
	Type string // its name in the catalogue; a build after this one may know more of them
	What Change
	IDs  []catalogue.ID
}

// DecodeChanges reads the body of a row of the feed, see encodeChanges.
func DecodeChanges(body []byte) (out []ChangedIDs, err error) {
	for len(body) > 0 {
		var g ChangedIDs
		if g, body, err = decodeGroup(body); err != nil {
			return nil, fmt.Errorf("store: a row of the feed of changes: %w", err)
		}
		out = append(out, g)
	}
	return out, nil
}

func decodeGroup(body []byte) (g ChangedIDs, rest []byte, err error) {
	head, rest, found := bytes.Cut(body, []byte(":"))
	count, rest, counted := bytes.Cut(rest, []byte(":"))
	n, err := strconv.ParseUint(string(count), 10, 31)
	if !found || !counted || err != nil || len(head) < 3 {
		return g, nil, fmt.Errorf("%.40q is no head of a group", body)
	}
	g.What, g.Type = Change(head[0]), string(head[2:])
	if g.What != Created && g.What != Updated && g.What != Deleted {
		return g, nil, fmt.Errorf("%q is no change", head[0])
	}
	switch head[1] {
	case 'U':
		g.IDs, rest, err = decodeUUIDs(rest, int(n))
	case 'N':
		g.IDs, rest, err = decodeNumbers(rest, int(n))
	default:
		err = fmt.Errorf("%q is no kind of ids", head[1])
	}
	return g, rest, err
}

func decodeUUIDs(body []byte, n int) (out []catalogue.ID, rest []byte, err error) {
	if len(body)/16 < n {
		return nil, nil, fmt.Errorf("%d bytes are too few for %d UUIDs", len(body), n)
	}
	for range n {
		out, body = append(out, formatUUID([16]byte(body))), body[16:]
	}
	return out, body, nil
}

func decodeNumbers(body []byte, n int) (out []catalogue.ID, rest []byte, err error) {
	if len(body) < n {
		return nil, nil, fmt.Errorf("%d bytes are too few for %d numbers", len(body), n)
	}
	var last uint64
	for range n {
		more, size := binary.Uvarint(body)
		if size <= 0 || last+more > 1<<63-1 || last+more < last {
			return nil, nil, fmt.Errorf("a number of %d is cut off or too large", n)
		}
		last, body = last+more, body[size:]
		out = append(out, catalogue.ID(strconv.FormatUint(last, 10)))
	}
	return out, body, nil
}
