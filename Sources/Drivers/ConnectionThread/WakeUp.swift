internal import Glibc

/// A pipe to the thread itself, by which other threads end its wait.
///
/// A bell that is full is ringing already, so neither end ever blocks.
final class WakeUp: Sendable {
    /// Becomes readable when the bell rings.
    let descriptor: Int32
    private let input: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe for a wake-up: error \(errno); raise the limit of open files")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        input = ends[1]
    }

    deinit {
        close(descriptor)
        close(input)
    }

    func ring() {
        var byte: UInt8 = 1
        _ = write(input, &byte, 1)
    }

    /// Takes back every ring so far.
    static func silence(_ descriptor: Int32) {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { space in
            while read(descriptor, space.baseAddress, space.count) == space.count {}
        }
    }
}
