//! What one store may use at most.

/// Limits of a store; those not set are only bounded by the machine and the specification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of all linear memories together.
    pub memory_bytes_max: u64,
    /// Elements of all tables together.
    pub table_elements_max: u64,
    /// Number of memories.
    pub memories_max: u32,
    /// Number of tables.
    pub tables_max: u32,
    /// Bytes of the heap of garbage-collected objects; 4 GiB at most, whatever stands here. Counts from the heap's making on.
    /// While it collects, the collector may take up to half as much besides, if nearly all objects are of the smallest kind.
    pub gc_heap_bytes_max: u64,
    /// Number of instances.
    pub instances_max: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory_bytes_max: u64::MAX,
            // 80 MB of elements: more than any program known, less than a machine.
            table_elements_max: 10_000_000,
            memories_max: 10_000,
            tables_max: 10_000,
            gc_heap_bytes_max: 1 << 32,
            instances_max: 10_000,
        }
    }
}
