//! The experiment file: from what a user wrote to the list of trials.
//!
//! In: TOML text and flags. Out: a checked [`spec::Spec`], the complete [`config::TrialConfig`] of each arm, the
//! [`quantity::Quantity`] they are ranked by, and the [`plan::Plan`] that lists every trial. Nothing here reads data or trains.

pub mod config;
pub mod metric;
pub mod plan;
pub mod quantity;
pub mod spec;
