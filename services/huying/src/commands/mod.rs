//! One file per command: its flags, and what it does with them.

pub(crate) mod access;
pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod bridge;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod charter;
pub(crate) mod demo;
pub(crate) mod dlq;
pub(crate) mod person;
pub(crate) mod powers;
pub(crate) mod provision;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod story;
pub(crate) mod submit;
pub(crate) mod tail;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod webhook;
