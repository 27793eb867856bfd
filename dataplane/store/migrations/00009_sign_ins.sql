-- +goose Up
-- +goose NO TRANSACTION
-- Failed sign-ins, as counts. subject is "user NAME" or "client ID" as it was given, whether there is one or not; account_id is * where no account is
-- known. Three kinds of rows: a subject at a source; a subject at all sources (source is empty); a source (account_id is *, subject is empty).
CREATE TABLE IF NOT EXISTS sign_ins (
	account_id TEXT NOT NULL,
	subject TEXT NOT NULL,
	source TEXT NOT NULL,
	failures INT8 NOT NULL, -- that are not taken back; older ones are forgiven when the row is read
	failed_on TIMESTAMPTZ NOT NULL, -- of the newest of failures
	failed_in_all INT8 NOT NULL,
	seen_on TIMESTAMPTZ NOT NULL, -- of the newest attempt: rows go by it
	entered_from TEXT NOT NULL, -- of a subject at all sources: where it last signed in
	pardoned_on TIMESTAMPTZ, -- of a subject at all sources: when an administrator unlocked it
	PRIMARY KEY (account_id, subject, source)
);

CREATE INDEX IF NOT EXISTS sign_ins_seen_on ON sign_ins (account_id, seen_on);
