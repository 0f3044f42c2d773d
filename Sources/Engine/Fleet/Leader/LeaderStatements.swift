// The election in SQL. Postgres's clock judges when a term is over. A take-over names whom it saw: if that
// one has renewed or been replaced meanwhile, the row does not match and nothing happens.

import Durable
import Foundation
import Postgres

enum LeaderStatements {
    static func look(_ duty: LeaderDuty) -> Query {
        """
        select holder, term, expires < clock_timestamp() from engine.leader where duty = \(duty.rawValue)
        """
    }

    static func first(_ duty: LeaderDuty, _ holder: UUID, _ host: String, _ timeToLive: Duration) -> Query {
        """
        insert into engine.leader (duty, holder, term, expires, host)
        values (\(duty.rawValue), \(holder), 1,
            clock_timestamp() + make_interval(secs => \(timeToLive.seconds)), \(host))
        on conflict do nothing returning term
        """
    }

    static func takeOver(
        _ duty: LeaderDuty, from seen: SeenLeader, _ holder: UUID, _ host: String, _ timeToLive: Duration
    ) -> Query {
        """
        update engine.leader set holder = \(holder), term = term + 1, host = \(host),
            expires = clock_timestamp() + make_interval(secs => \(timeToLive.seconds)),
            since = clock_timestamp()
        where duty = \(duty.rawValue) and holder = \(seen.holder) and term = \(seen.term)
          and expires < clock_timestamp()
        returning term
        """
    }

    static func renew(_ duty: LeaderDuty, _ own: SeenLeader, _ timeToLive: Duration) -> Query {
        """
        update engine.leader set expires = clock_timestamp() + make_interval(secs => \(timeToLive.seconds))
        where duty = \(duty.rawValue) and holder = \(own.holder) and term = \(own.term)
          and expires >= clock_timestamp()
        returning term
        """
    }

    /// The row stays, so that the next term is a higher one.
    static func resign(_ duty: LeaderDuty, holder: UUID, term: Int64) -> Query {
        """
        update engine.leader set expires = '-infinity'
        where duty = \(duty.rawValue) and holder = \(holder) and term = \(term)
        """
    }
}
