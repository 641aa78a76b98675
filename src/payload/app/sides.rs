//! Something that there is for each side of a connection.

use crate::types::Side;

/// One of the client and one of the server.
#[derive(Debug, Default)]
pub(super) struct Sides<T> {
    client: T,
    server: T,
}

impl<T> Sides<T> {
    /// That of this side.
    pub(super) fn of(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Both.
    pub(super) fn both(&self) -> [&T; 2] {
        [&self.client, &self.server]
    }
}
