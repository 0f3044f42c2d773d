import FoundationEssentials

extension Flow {
    /// Starts a child for each item, in few group commits, and waits until all have ended. Returns how each
    /// ended, in the order of the items: one that failed does not fail the others, nor this run.
    ///
    /// At most `limit` are alive at once. `progress` makes of the counts what pages show. Each child needs
    /// two recorded steps; throws `BoundExceeded.children`, before it starts anything, where this run has
    /// fewer left. With an `undo` the children are part of what this run must bring to a clean end, as with
    /// `child`; without one they go on by themselves if this run fails or is cancelled.
    public func children<Item: Sendable, ID: CustomStringConvertible & Sendable, C: Workflow>(
        of items: [Item], as step: W.Step, by id: KeyPath<Item, ID> & Sendable, _ workflow: C.Type,
        atMost limit: Int = 1_000, progress: (@Sendable (BatchProgress) -> W.Progress)? = nil,
        input: @Sendable @escaping (Item) throws -> C.Input,
        undo: (@Sendable (Item, C.Output, Attempt) async throws -> Void)? = nil
    ) async throws -> [Result<C.Output, StepFailed>] {
        precondition(limit >= 1, "children(atMost:) needs at least one at a time")
        let names = items.map { "\($0[keyPath: id])" }
        var batch = try ChildBatch(
            self, step.rawValue, names, atMost: limit, isUndoable: undo != nil)
        try batch.checkBound()
        if let undo, !items.isEmpty { register(items, names, step.rawValue, C.self, undo) }
        let links = batch.links
        try await batch.finish { place in
            try ChildStart(C.self, input(items[place]), links[place])
        } _: { counts in
            if let progress { try await self.progress(progress(counts)) }
        }
        let ends = batch.ends
        return try items.indices.map { place in
            guard let end = ends[place] else { preconditionFailure("a whole batch has every end") }
            if let failure = end.failure { return .failure(StepFailed(failure.owned(by: nil))) }
            return .success(try Self.output(of: end, as: C.self))
        }
    }

    /// One entry for the whole batch, so that all of its children are asked to stop before the first end is
    /// awaited.
    private func register<Item: Sendable, C: Workflow>(
        _ items: [Item], _ names: [String], _ step: String, _ workflow: C.Type,
        _ undo: @Sendable @escaping (Item, C.Output, Attempt) async throws -> Void
    ) {
        let entry = UndoEntry(key: StepKey(step)) { session, cause in
            let flow = Flow(session)
            var batch = try ChildBatch(flow, step, names, atMost: names.count, isUndoable: true)
            try await batch.settle(after: cause)
            var leftovers: [Leftover] = []
            for place in batch.ends.keys.sorted(by: >) {
                let (link, id) = (batch.links[place], batch.ids[place])
                guard let id else { continue }
                do {
                    leftovers += try await flow.undo(
                        link, id, C.self,
                        { output, attempt in
                            try await undo(items[place], output, attempt)
                        }, after: cause)
                } catch let left as StepFailed {
                    leftovers.append(Leftover(link.key, left.failure))
                }
            }
            return leftovers
        }
        session.withState { $0.undoable(entry) }
    }
}
