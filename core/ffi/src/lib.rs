//! Skeleton; filled in below.
