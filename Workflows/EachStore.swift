import Commerce

extension Sequence where Element == TenantID {
    /// Serves one store after the other and adds up what was done. A store that cannot be served stops no
    /// other; the first such error is thrown at the end.
    func serveEach(_ serve: (TenantID) async throws -> Int) async throws -> Int {
        var done = 0
        var failure: (any Error)?
        for store in self {
            do { done += try await serve(store) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return done
    }
}
