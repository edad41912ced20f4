//! A generic directed acyclic graph: build, cycles, order, ready queue; knows no resource.
