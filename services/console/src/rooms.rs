//! The rooms, and who has which.

pub mod acting;
pub mod board;
pub mod calls;
pub mod case;
pub mod charter;
pub mod deeds;
pub mod figures;
pub mod follow;
pub mod grid;
pub mod inbox;
pub mod list;
pub mod operation;
pub mod operations;
pub mod queue;
pub mod report;
pub mod services;
pub mod sign_in;
pub mod wall;

use axum::response::Response;
use chassis::Identity;
use vocabulary::reference::RECEIPT;

use crate::ask::{Signed, redirect};
use crate::language::Language;
use crate::words::Frame;

/// A room that has a place in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Report,
    Mine,
    Find,
    Grid,
    Inbox,
    Queue,
    Calls,
    Operations,
    Wall,
    Figures,
    Charter,
    Services,
}

impl Room {
    /// The rooms of somebody; the first is where they come in.
    pub fn of(identity: &Identity) -> &'static [Self] {
        match identity.role.as_str() {
            // A receipt opens its own case and nothing else.
            "caller" if identity.staff_ref.starts_with(RECEIPT) => &[Self::Mine],
            "caller" => &[Self::Report, Self::Mine, Self::Find],
            "grid" | "community" => &[Self::Grid, Self::Inbox, Self::Report, Self::Find, Self::Charter],
            "street" => &[Self::Inbox, Self::Queue, Self::Wall, Self::Figures, Self::Report, Self::Find, Self::Charter],
            "enforcement-center" => &[Self::Operations, Self::Inbox, Self::Find, Self::Charter],
            "department" => &[Self::Calls, Self::Inbox, Self::Find, Self::Charter],
            "district" => {
                &[Self::Wall, Self::Figures, Self::Inbox, Self::Queue, Self::Report, Self::Find, Self::Charter]
            }
            "operator" | "auditor" => {
                &[Self::Wall, Self::Figures, Self::Inbox, Self::Queue, Self::Find, Self::Charter, Self::Services]
            }
            _ => &[Self::Find],
        }
    }

    pub const fn address(self) -> &'static str {
        match self {
            Self::Report => "/report",
            Self::Mine => "/mine",
            Self::Find => "/find",
            Self::Grid => "/grid",
            Self::Inbox => "/inbox",
            Self::Queue => "/queue",
            Self::Calls => "/calls",
            Self::Operations => "/operations",
            Self::Wall => "/wall",
            Self::Figures => "/figures",
            Self::Charter => "/charter",
            Self::Services => "/services",
        }
    }

    pub const fn name(self, language: Language) -> &'static str {
        let words = Frame::of(language);
        match self {
            Self::Report => words.room_report,
            Self::Mine => words.room_mine,
            Self::Find => words.room_find,
            Self::Grid => words.room_grid,
            Self::Inbox => words.room_inbox,
            Self::Queue => words.room_queue,
            Self::Calls => words.room_calls,
            Self::Operations => words.room_operations,
            Self::Wall => words.room_wall,
            Self::Figures => words.room_figures,
            Self::Charter => words.room_charter,
            Self::Services => words.room_services,
        }
    }
}

/// Where somebody comes in.
pub async fn start(signed: Signed) -> Response {
    let first = Room::of(&signed.person.identity).first().copied().unwrap_or(Room::Find);
    redirect(first.address())
}

/// Whether somebody has a room; a page of one that they do not have is not there.
pub fn has(signed: &Signed, room: Room) -> Result<(), tonic::Status> {
    if Room::of(&signed.person.identity).contains(&room) {
        Ok(())
    } else {
        Err(tonic::Status::not_found("no such room"))
    }
}
