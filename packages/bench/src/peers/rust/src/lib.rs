//! Answers as every server of the bench does.

mod answer;
mod service;

pub use service::{variable, Service};
