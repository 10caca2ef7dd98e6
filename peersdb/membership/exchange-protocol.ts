export const exchangeProtocol = '/peersdb/peers/1.0.0'

/** What answers a message that was heard. */
export const acknowledgement = Uint8Array.of(1)

/** How long one message and its acknowledgement may take, in ms. */
export const messageTimeoutMs = 30_000

/** A stream is quiet while nothing changes; whether its peer is there is for the connection to find out. */
export const quietMsMax = 2 ** 31 - 1
