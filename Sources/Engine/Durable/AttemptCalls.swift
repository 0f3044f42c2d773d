// A step that makes several outside calls must not be sent to the end of the line between two of them: it
// would begin again with its first call when its turn comes, and where many such steps share a rate limit
// none would ever end. So whoever keeps a limit can see that a call belongs to an attempt that has begun.

import Synchronization

/// What has become of the outside calls of the attempt that this task carries out.
public final class AttemptCalls: Sendable {
    /// Of the attempt that is going on in this task or one above it; nil outside of steps.
    @TaskLocal public static var current: AttemptCalls?

    private let begun = Atomic(false)

    /// A call of this attempt was let through.
    public var hasBegun: Bool { begun.load(ordering: .relaxed) }

    public init() {}

    public func begin() { begun.store(true, ordering: .relaxed) }
}
