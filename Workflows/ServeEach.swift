extension Sequence {
    /// Serves one after the other, such as stores, and adds up what was done. One that cannot be served stops
    /// no other; the first such error is thrown at the end.
    func serveEach(_ serve: (Element) async throws -> Int) async throws -> Int {
        var done = 0
        var failure: (any Error)?
        for element in self {
            do { done += try await serve(element) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return done
    }
}
