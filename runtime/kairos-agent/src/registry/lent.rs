//! Rights that are out with somebody who calls a plugin: they follow what the user decides, also while a call is under way.

use super::Registry;
use kairos_api::PluginState;
use kairos_core::Rights;
use kairos_host::Access;
use std::sync::{Arc, Weak};

/// The access of one caller, for as long as he keeps it.
pub(super) struct Lent {
    plugin: String,
    /// Another content has rights of its own, and a call in flight finishes on the old one.
    hash: String,
    access: Weak<Access>,
}

impl Registry {
    /// Remembers an access for as long as it is held.
    pub(crate) fn lend(&self, plugin: &str, hash: &str, access: Access) -> Arc<Access> {
        let access = Arc::new(access);
        let mut lent = self.lent.lock().unwrap_or_else(|e| e.into_inner());
        lent.retain(|l| l.access.strong_count() > 0);
        lent.push(Lent { plugin: plugin.into(), hash: hash.into(), access: Arc::downgrade(&access) });
        access
    }

    /// Sets all that is out to what holds now.
    pub(super) fn update_lent(&self) {
        let entries = self.entries();
        for lent in self.lent.lock().unwrap_or_else(|e| e.into_inner()).iter() {
            let entry = entries.get(&lent.plugin);
            let same = entry.and_then(|e| Some((e, e.loaded.as_ref().filter(|l| l.plugin.hash == lent.hash)?)));
            if let (Some((entry, loaded)), Some(access)) = (same, lent.access.upgrade()) {
                let runs = entry.state == PluginState::Running;
                access.set_rights(&if runs { Rights::effective(&loaded.asked, &entry.granted) } else { Rights::default() });
            }
        }
    }
}
