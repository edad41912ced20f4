//! Keys, sealing, fingerprints and redaction: what keeps secrets out of files, screens and logs.
