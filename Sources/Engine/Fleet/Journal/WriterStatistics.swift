import Synchronization

/// Counters of a writer, for metrics and the bench.
final class WriterStatistics: Sendable {
    private let batches = Atomic<Int>(0)
    private let entries = Atomic<Int>(0)

    func committed(_ batch: JournalBatch) {
        batches.add(1, ordering: .relaxed)
        entries.add(batch.count, ordering: .relaxed)
    }

    var committedBatches: Int { batches.load(ordering: .relaxed) }
    var committedEntries: Int { entries.load(ordering: .relaxed) }
}
