//! Desired against prior against what the API says: the proposal of changes, and their order.
