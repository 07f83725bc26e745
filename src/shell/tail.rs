//! Reading a log that is being written, from its end, in constant memory.
