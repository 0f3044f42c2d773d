/// What a subscription hears.
public enum RedisMessage: Sendable, Equatable {
    /// The server has confirmed all channels of the subscription. Messages published before are not
    /// delivered, so this is the moment to read the state that the messages are about.
    case subscribed
    case published(channel: String, payload: [UInt8])
}
