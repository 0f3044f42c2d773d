import Durable
import Foundation

/// A claimed run as its worker reads it, with the cipher for what it writes.
struct OpenRun: Sendable {
    let owned: OwnedRun
    /// Nil for a run that is about nobody.
    let cipher: SubjectCipher?
}

extension OwnedRun {
    /// Opens what a claim brought. The key came with the claim, so this asks nobody.
    func opened(with masters: MasterKeys?) throws(SubjectProblem) -> OpenRun {
        guard let subject else { return OpenRun(owned: self, cipher: nil) }
        let cipher = try subject.cipher(masters, tenant: run.tenant)
        var open = self
        open.run = try cipher.opened(run, keysOfSignals: keysOfSignals)
        return OpenRun(owned: open, cipher: cipher)
    }
}

extension SubjectProblem {
    /// How a run ends whose records cannot be read. An erased person's runs simply fail; anything else means
    /// that somebody has changed the database, which a person should look into.
    var outcome: Outcome {
        let failure = FailureRecord(code: code, message: description)
        return self == .erased ? .failed(failure) : .needsAttention(failure)
    }
}
