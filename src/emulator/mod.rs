//! The Cloud Elements API on this machine, for first runs, rehearsals and tests.
