//! The user's word on what has an effect: exactly what he was shown, for as long as he said.

use super::ProjectDb;
use crate::error::StoreError;
use crate::sql::{json, maybe_unsigned, named, number, to_json, unsigned};
use kairos_core::Millis;
use kairos_core::permission::Scope;
use rusqlite::{Connection, Row, params};

// `whole` names exactly what was shown, with its difference; `keys` the files, command lines or hosts in it. Both are digests: a
// command line may hold a secret.
pub(super) const V4: &str = "
CREATE TABLE permissions (
    id      TEXT PRIMARY KEY,
    action  TEXT NOT NULL,
    whole   TEXT NOT NULL,
    keys    TEXT NOT NULL,
    allow   INTEGER NOT NULL,
    scope   TEXT NOT NULL,
    session TEXT NOT NULL,
    about   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    until   INTEGER
) STRICT;
";

const COLUMNS: &str = "id, action, whole, keys, allow, scope, session, about, at, until";

/// Most answers that are kept; the oldest go first.
const KEPT: u32 = 500;

/// An answer that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// That of the question.
    pub id: String,
    /// What was asked, in a line for the user, without secrets.
    pub action: String,
    /// Digest of exactly what was shown.
    pub whole: String,
    /// Digests of the files, the command line or the host.
    pub keys: Vec<String>,
    /// Yes. A no holds for exactly what was shown, whatever its scope.
    pub allow: bool,
    /// How far a yes reaches.
    pub scope: Scope,
    /// The turn, or conversation, in which it was asked.
    pub session: String,
    /// The findings that the turn was about.
    pub about: Vec<u64>,
    /// When it was given.
    pub at: Millis,
    /// Until when it holds; none: until it is taken back.
    pub until: Option<Millis>,
}

/// What is to be done, as answers name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// See [`Permission::whole`].
    pub whole: String,
    /// See [`Permission::keys`].
    pub keys: Vec<String>,
    /// See [`Permission::session`].
    pub session: String,
}

impl ProjectDb {
    /// Keeps an answer in the place of an earlier one to the same question; those whose time is over go.
    pub async fn remember_permission(&self, row: Permission) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                tx.execute("DELETE FROM permissions WHERE until <= ?1", [number(row.at)])?;
                tx.execute(
                    &format!("INSERT OR REPLACE INTO permissions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
                    params![
                        row.id,
                        row.action,
                        row.whole,
                        to_json(&row.keys)?,
                        row.allow,
                        row.scope.as_str(),
                        row.session,
                        to_json(&row.about)?,
                        number(row.at),
                        row.until.map(number),
                    ],
                )?;
                tx.execute(
                    "DELETE FROM permissions WHERE id IN (SELECT id FROM permissions ORDER BY at DESC, id LIMIT -1 OFFSET ?1)",
                    [KEPT],
                )
                .map(drop)
            })
            .await
    }

    /// The answer that holds for this now. One that holds once is used up by that.
    pub async fn permission(&self, wanted: Wanted, now: Millis) -> Result<Option<Permission>, StoreError> {
        self.db
            .write(move |tx| {
                let found = judge(live(tx, now)?, &wanted);
                if let Some(once) = found.as_ref().filter(|row| row.allow && row.scope == Scope::Once) {
                    tx.execute("DELETE FROM permissions WHERE id = ?1", [&once.id])?;
                }
                Ok(found)
            })
            .await
    }

    /// All answers that hold, the newest first.
    pub async fn permissions(&self, now: Millis) -> Result<Vec<Permission>, StoreError> {
        self.db.read(move |c| live(c, now)).await
    }

    /// Takes one back. Was there one?
    pub async fn forget_permission(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.db.write(move |tx| Ok(tx.execute("DELETE FROM permissions WHERE id = ?1", [id])? > 0)).await
    }
}

fn live(c: &Connection, now: Millis) -> rusqlite::Result<Vec<Permission>> {
    let sql = format!("SELECT {COLUMNS} FROM permissions WHERE until IS NULL OR until > ?1 ORDER BY at DESC, id");
    let mut query = c.prepare_cached(&sql)?;
    query.query_map([number(now)], row)?.collect()
}

fn row(r: &Row<'_>) -> rusqlite::Result<Permission> {
    Ok(Permission {
        id: r.get(0)?,
        action: r.get(1)?,
        whole: r.get(2)?,
        keys: json(r, 3)?,
        allow: r.get(4)?,
        scope: named(r, 5)?,
        session: r.get(6)?,
        about: json(r, 7)?,
        at: unsigned(r, 8)?,
        until: maybe_unsigned(r, 9)?,
    })
}

/// `rows` are those that hold, the newest first. A later answer stands before an earlier one.
fn judge(rows: Vec<Permission>, wanted: &Wanted) -> Option<Permission> {
    let exact = rows.iter().position(|row| row.whole == wanted.whole && (!row.allow || row.scope == Scope::Once));
    let later = &rows[..exact.unwrap_or(rows.len())];
    let covers = |key: &String| {
        let reaches = |row: &&Permission| match row.scope {
            Scope::Once => false,
            Scope::Conversation => row.session == wanted.session,
            Scope::Day | Scope::Always => true,
        };
        later.iter().filter(reaches).find(|row| row.allow && row.keys.contains(key))
    };
    let covering: Option<Vec<&Permission>> = wanted.keys.iter().map(covers).collect();
    let wide = covering.and_then(|all| all.first().copied().cloned());
    wide.or_else(|| exact.map(|at| rows[at].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes(id: &str, whole: &str, keys: &[&str], scope: Scope, at: Millis) -> Permission {
        Permission {
            id: id.into(),
            action: format!("change {}", keys.join(", ")),
            whole: whole.into(),
            keys: keys.iter().map(|k| (*k).to_owned()).collect(),
            allow: true,
            scope,
            session: "ask-1".into(),
            about: vec![3],
            at,
            until: (scope != Scope::Always).then_some(at + 100),
        }
    }

    #[tokio::test]
    async fn an_answer_holds_for_what_was_shown_and_no_longer_than_was_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = ProjectDb::open(&file).await.unwrap();
        let no = Permission { allow: false, ..yes("n", "w3", &["c"], Scope::Day, 30) };
        for row in [
            yes("o", "w1", &["a"], Scope::Once, 10),
            yes("d", "w2", &["b"], Scope::Day, 20),
            no,
            yes("s", "w4", &["e"], Scope::Conversation, 40),
            yes("e", "w5", &["f"], Scope::Always, 50),
        ] {
            db.remember_permission(row).await.unwrap();
        }
        db.close().await;
        let db = ProjectDb::open(&file).await.unwrap();
        let ask = async |whole: &str, keys: &[&str], session: &str, now: Millis| {
            let keys = keys.iter().map(|k| (*k).to_owned()).collect();
            let wanted = Wanted { whole: whole.into(), keys, session: session.into() };
            db.permission(wanted, now).await.unwrap().map(|row| (row.id, row.allow))
        };
        let some = |id: &str, allow| Some((id.to_owned(), allow));
        assert_eq!(ask("other", &["a"], "", 60).await, None, "another change of the same file");
        assert_eq!(ask("w1", &["a"], "", 60).await, some("o", true));
        assert_eq!(ask("w1", &["a"], "", 60).await, None, "once is once");
        assert_eq!(ask("other", &["b"], "", 60).await, some("d", true));
        assert_eq!(ask("other", &["b", "z"], "", 60).await, None, "not all of it was agreed to");
        assert_eq!(ask("other", &["b", "f"], "", 60).await, some("d", true));
        assert_eq!(ask("other", &["b"], "", 120).await, None, "its time is over");
        assert_eq!((ask("w3", &["c"], "", 60).await, ask("other", &["c"], "", 60).await), (some("n", false), None));
        assert_eq!((ask("x", &["e"], "ask-1", 60).await, ask("x", &["e"], "ask-2", 60).await), (some("s", true), None));
        assert_eq!(ask("x", &["f"], "", Millis::MAX).await, some("e", true));
        // He thinks better of it.
        db.remember_permission(yes("l", "w6", &["c"], Scope::Day, 61)).await.unwrap();
        assert_eq!(ask("w3", &["c"], "", 70).await, some("l", true));
        assert!(db.forget_permission("e").await.unwrap() && !db.forget_permission("e").await.unwrap());
        assert_eq!(ask("x", &["f"], "", 70).await, None);
        let left: Vec<String> = db.permissions(70).await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(left, ["l", "s", "n", "d"]);
    }
}
