//! Signals, sessions, descriptors: the thin layer over the kernel, and the only `unsafe`.
