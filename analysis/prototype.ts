/**
 * What the original prototype measured, as a reference beside what this one does: one row per node, for which the raw files
 * hold several (some nodes are listed twice there, because connections were listed and not nodes).
 *
 * Source: Raw results of the PeersDB prototype, https://github.com/yesoer/peersdb, commit 2457d6d, eval/results/, of its
 * experiments on Google Cloud on 25 July 2023; the paper is Scheinert, Becker, Will, Englaender and Thamsen,
 * "Towards a Peer-to-Peer Data Distribution Layer for Efficient and Collaborative Resource Optimization of Distributed
 * Dataflow Applications", IEEE Big Data 2023, https://doi.org/10.1109/BigData59044.2023.10386195.
 */

export interface PrototypeBootstrapping {
  region: string
  /** How many peers were there before its round of six: the root, and six for each round before. */
  peersBefore: number
  /** From the start of its process until the last entry that existed by then had come; null where none came. */
  seconds: number | null
}

export interface PrototypeReplication {
  region: string
  /** Mean, least and largest time over all entries of one peer, by the clocks of sender and receiver. */
  meanSeconds: number
  minSeconds: number
  maxSeconds: number
}

/** As every figure and table that shows them names them. */
export const prototypeSource = 'Prototype: raw results of yesoer/peersdb (2457d6d), Google Cloud, 25 July 2023.'

/** 54 newcomers in nine rounds of six, which fetched entries and no files. */
export const prototypeBootstrapping: readonly PrototypeBootstrapping[] = [
  { region: 'europe-west3', peersBefore: 1, seconds: 192.181104 },
  { region: 'us-west1', peersBefore: 1, seconds: 117.210994 },
  { region: 'southamerica-east1', peersBefore: 1, seconds: 150.06729 },
  { region: 'me-west1', peersBefore: 1, seconds: 60.530414 },
  { region: 'australia-southeast1', peersBefore: 1, seconds: 116.150899 },
  { region: 'asia-east2', peersBefore: 1, seconds: 45.913574 },
  { region: 'europe-west3', peersBefore: 7, seconds: 47.677879 },
  { region: 'us-west1', peersBefore: 7, seconds: 42.080568 },
  { region: 'southamerica-east1', peersBefore: 7, seconds: 48.518001 },
  { region: 'me-west1', peersBefore: 7, seconds: 45.040826 },
  { region: 'australia-southeast1', peersBefore: 7, seconds: 46.29054 },
  { region: 'asia-east2', peersBefore: 7, seconds: 52.350778 },
  { region: 'europe-west3', peersBefore: 13, seconds: 54.112462 },
  { region: 'us-west1', peersBefore: 13, seconds: 51.269471 },
  { region: 'southamerica-east1', peersBefore: 13, seconds: 50.23996 },
  { region: 'me-west1', peersBefore: 13, seconds: 50.753645 },
  { region: 'australia-southeast1', peersBefore: 13, seconds: 52.271236 },
  { region: 'asia-east2', peersBefore: 13, seconds: 62.879581 },
  { region: 'europe-west3', peersBefore: 19, seconds: 62.291269 },
  { region: 'us-west1', peersBefore: 19, seconds: 62.178211 },
  { region: 'southamerica-east1', peersBefore: 19, seconds: 60.041012 },
  { region: 'me-west1', peersBefore: 19, seconds: 57.560511 },
  { region: 'australia-southeast1', peersBefore: 19, seconds: 64.496158 },
  { region: 'asia-east2', peersBefore: 19, seconds: null },
  { region: 'europe-west3', peersBefore: 25, seconds: 79.458392 },
  { region: 'us-west1', peersBefore: 25, seconds: 78.060857 },
  { region: 'southamerica-east1', peersBefore: 25, seconds: 73.979373 },
  { region: 'me-west1', peersBefore: 25, seconds: 71.344306 },
  { region: 'australia-southeast1', peersBefore: 25, seconds: 76.048585 },
  { region: 'asia-east2', peersBefore: 25, seconds: 103.710142 },
  { region: 'europe-west3', peersBefore: 31, seconds: 103.181169 },
  { region: 'us-west1', peersBefore: 31, seconds: 104.777795 },
  { region: 'southamerica-east1', peersBefore: 31, seconds: 99.560038 },
  { region: 'me-west1', peersBefore: 31, seconds: 92.226634 },
  { region: 'australia-southeast1', peersBefore: 31, seconds: null },
  { region: 'asia-east2', peersBefore: 31, seconds: 159.105982 },
  { region: 'europe-west3', peersBefore: 37, seconds: 179.939203 },
  { region: 'us-west1', peersBefore: 37, seconds: 167.192141 },
  { region: 'southamerica-east1', peersBefore: 37, seconds: 143.143612 },
  { region: 'me-west1', peersBefore: 37, seconds: 127.445757 },
  { region: 'australia-southeast1', peersBefore: 37, seconds: 145.190551 },
  { region: 'asia-east2', peersBefore: 37, seconds: 209.590976 },
  { region: 'europe-west3', peersBefore: 43, seconds: 259.717655 },
  { region: 'us-west1', peersBefore: 43, seconds: 234.450279 },
  { region: 'southamerica-east1', peersBefore: 43, seconds: 200.837821 },
  { region: 'me-west1', peersBefore: 43, seconds: 173.949705 },
  { region: 'australia-southeast1', peersBefore: 43, seconds: 183.6885 },
  { region: 'asia-east2', peersBefore: 43, seconds: null },
  { region: 'europe-west3', peersBefore: 49, seconds: 368.400031 },
  { region: 'us-west1', peersBefore: 49, seconds: 306.023601 },
  { region: 'southamerica-east1', peersBefore: 49, seconds: 263.108117 },
  { region: 'me-west1', peersBefore: 49, seconds: null },
  { region: 'australia-southeast1', peersBefore: 49, seconds: 245.789755 },
  { region: 'asia-east2', peersBefore: 49, seconds: null }
]

/** 24 peers, four in each region, that received entries from a root in asia-east2. */
export const prototypeReplication: readonly PrototypeReplication[] = [
  { region: 'europe-west3', meanSeconds: 0.172459, minSeconds: 0.15529, maxSeconds: 0.782389 },
  { region: 'europe-west3', meanSeconds: 0.172264, minSeconds: 0.155769, maxSeconds: 0.784124 },
  { region: 'us-west1', meanSeconds: 0.101972, minSeconds: 0.084946, maxSeconds: 0.716939 },
  { region: 'us-west1', meanSeconds: 0.101935, minSeconds: 0.084318, maxSeconds: 0.717286 },
  { region: 'southamerica-east1', meanSeconds: 0.181019, minSeconds: 0.163705, maxSeconds: 0.791879 },
  { region: 'southamerica-east1', meanSeconds: 0.182695, minSeconds: 0.167642, maxSeconds: 0.790848 },
  { region: 'me-west1', meanSeconds: 0.195914, minSeconds: 0.179439, maxSeconds: 0.803897 },
  { region: 'me-west1', meanSeconds: 0.195983, minSeconds: 0.180236, maxSeconds: 0.804709 },
  { region: 'australia-southeast1', meanSeconds: 0.097782, minSeconds: 0.082086, maxSeconds: 0.702384 },
  { region: 'europe-west3', meanSeconds: 0.171766, minSeconds: 0.155624, maxSeconds: 0.783933 },
  { region: 'australia-southeast1', meanSeconds: 0.098091, minSeconds: 0.082873, maxSeconds: 0.705242 },
  { region: 'asia-east2', meanSeconds: 0.047997, minSeconds: 0.017269, maxSeconds: 1.319773 },
  { region: 'us-west1', meanSeconds: 0.102162, minSeconds: 0.083437, maxSeconds: 0.716534 },
  { region: 'europe-west3', meanSeconds: 0.172455, minSeconds: 0.155263, maxSeconds: 0.777954 },
  { region: 'asia-east2', meanSeconds: 0.047464, minSeconds: 0.01866, maxSeconds: 1.319686 },
  { region: 'us-west1', meanSeconds: 0.101875, minSeconds: 0.083506, maxSeconds: 0.716728 },
  { region: 'southamerica-east1', meanSeconds: 0.180111, minSeconds: 0.161431, maxSeconds: 0.790694 },
  { region: 'me-west1', meanSeconds: 0.195968, minSeconds: 0.180358, maxSeconds: 0.801146 },
  { region: 'southamerica-east1', meanSeconds: 0.179655, minSeconds: 0.161859, maxSeconds: 0.789602 },
  { region: 'australia-southeast1', meanSeconds: 0.098118, minSeconds: 0.082054, maxSeconds: 0.699952 },
  { region: 'me-west1', meanSeconds: 0.196042, minSeconds: 0.180241, maxSeconds: 0.803435 },
  { region: 'australia-southeast1', meanSeconds: 0.097944, minSeconds: 0.082689, maxSeconds: 0.704422 },
  { region: 'asia-east2', meanSeconds: 0.04733, minSeconds: 0.018204, maxSeconds: 1.31956 },
  { region: 'asia-east2', meanSeconds: 0.047567, minSeconds: 0.018039, maxSeconds: 1.299666 }
]
