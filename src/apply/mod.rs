//! Walks a plan's steps and records what came of each.
