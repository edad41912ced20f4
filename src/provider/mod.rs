//! The door to an API: five verbs over the objects of a kind.
