/** What a module of the bundled simulation keeps for the whole process and its functions change. */
export interface AuditedState {
  /** Within its package, or within this project. */
  readonly module: string
  readonly names: readonly string[]
  /** Why one instance cannot tell from it what another one does. */
  readonly why: string
}

const scratch = 'scratch space: written and read again within one call that awaits nothing'
const memo = 'remembers what a pure function answered, which saves real time alone'
const lastLength = 'the length of what was coded last, read at once by who called'

/** Modules that protons wrote. */
const protons = [
  '@helia/bitswap/dist/src/pb/message.js',
  '@ipshipyard/crypto/dist/src/pb.js',
  '@libp2p/crypto/dist/src/keys/keys.js',
  '@libp2p/gossipsub/dist/src/message/rpc.js',
  '@libp2p/identify/dist/src/pb/message.js',
  '@libp2p/noise/dist/src/proto/payload.js',
  '@libp2p/peer-record/dist/src/envelope/envelope.js',
  '@libp2p/peer-record/dist/src/peer-record/peer-record.js',
  '@libp2p/peer-store/dist/src/pb/peer.js',
  'ipfs-unixfs/dist/src/unixfs.js'
]

/**
 * All such state, each read and found harmless; what does couple instances is made each one's own in isolate.ts. A test
 * compares the list with what is bundled.
 */
export const auditedState: readonly AuditedState[] = [
  ...protons.map((module) => ({ module, names: ['_codec'], why: 'the codec of a message, made when it is first needed' })),
  { module: '@chainsafe/as-chacha20poly1305/lib/src/chacha20.js', names: ['counterArr', 'inputArr', 'keyArr'], why: scratch },
  {
    module: '@chainsafe/as-sha256/lib/index.js',
    names: [
      'ctx', 'inputUint32Array', 'inputUint8Array', 'outputUint8Array', 'outputUint8Array32', 'simdEnabled', 'wasmInputValue', 'wasmOutputValue'
    ],
    why: 'set as the module is loaded; its memory is scratch space of one call, and a hash in parts has memory of its own'
  },
  { module: '@ipld/dag-json/src/index.js', names: ['decodeOptions'], why: `${scratch}; every call sets its tokenizer first` },
  { module: '@libp2p/keychain/dist/src/keychain.js', names: ['privates'], why: 'private fields, by the object that they are of' },
  { module: '@libp2p/utils/dist/src/mock-stream.js', names: ['streamId'], why: 'numbers of streams of tests; nothing here makes any' },
  {
    module: '@libp2p/utils/dist/src/multiaddr-connection-pair.js', names: ['multiaddrConnectionId'],
    why: 'numbers of connections of tests; nothing here makes any'
  },
  {
    module: '@libp2p/utils/dist/src/queue/job.js', names: ['dispatchedProgressEvents'],
    why: 'which jobs were told of an event, by that event; both are of one instance'
  },
  { module: '@multiformats/multiaddr/dist/src/utils.js', names: ['acc'], why: 'set as the module is loaded' },
  { module: '@noble/curves/abstract/curve.js', names: ['pointWindowSizes'], why: 'how much is computed ahead for a point, which decides real time alone' },
  { module: '@noble/curves/abstract/modular.js', names: ['FIELD_SQRT'], why: memo },
  { module: '@noble/curves/ed25519.js', names: ['Fp'], why: 'no state: its `add` is the sum of a field' },
  { module: '@noble/curves/secp256k1.js', names: ['TAGGED_HASH_PREFIXES', 'mapSWU'], why: memo },
  { module: '@noble/hashes/hkdf.js', names: ['HKDF_COUNTER'], why: scratch },
  { module: '@noble/hashes/legacy.js', names: ['BUF_160', 'MD5_W', 'SHA1_W'], why: scratch },
  { module: '@noble/hashes/sha2.js', names: ['SHA256_W', 'SHA512_W_H', 'SHA512_W_L', 'u64'], why: `${scratch}; the \`add\` of u64 is a sum` },
  {
    module: '@orbitdb/core/src/access-controllers/index.js', names: ['accessControllers'],
    why: 'by type; the one that peers add is the same function for all, and finds what is a peer\'s own by its node'
  },
  { module: '@orbitdb/core/src/databases/index.js', names: ['databaseTypes'], why: 'filled as the module is loaded; peers add none' },
  { module: '@orbitdb/core/src/identities/providers/index.js', names: ['identityProviders'], why: 'filled as the module is loaded; peers add none' },
  { module: 'asn1js/build/index.js', names: ['builtinRegistry', 'fastParserRegistry'], why: 'set once, as the module is loaded' },
  { module: 'cborg/lib/7float.js', names: ['ui8a'], why: scratch },
  { module: 'it-length-prefixed/dist/src/decode.js', names: ['defaultDecoder'], why: lastLength },
  { module: 'it-length-prefixed/dist/src/encode.js', names: ['defaultEncoder'], why: lastLength },
  {
    module: 'mime/dist/src/Mime.js', names: ['_Mime_extensionToType', '_Mime_typeToExtension', '_Mime_typeToExtensions'],
    why: 'private fields, by the object that they are of, which is filled as the module is loaded'
  },
  { module: 'ml-matrix/matrix.js', names: ['AbstractMatrix'], why: 'its methods get their other names as the module is loaded' },
  {
    module: 'mortice/dist/src/mortice.js', names: ['implementation'],
    why: 'where locks of other processes and threads are asked for, of which a simulation has none; the locks themselves are isolated'
  },
  { module: 'multiformats/dist/src/cid.js', names: ['cache'], why: `${memo}, by the CID` },
  { module: 'multiformats/dist/src/vendor/varint.js', names: ['encode', 'read'], why: lastLength },
  { module: 'peersdb/cid.ts', names: ['parsed'], why: memo },
  { module: 'peersdb/log/access.ts', names: ['factories'], why: 'by the node of a peer, and so each one\'s own' },
  { module: 'peersdb/log/signature.ts', names: ['keys'], why: memo },
  { module: 'peersdb/noise-crypto.ts', names: ['keyObjects'], why: memo },
  {
    module: 'peersdb/store/shared-bytes.ts', names: ['shared'],
    why: 'equal bytes are kept once; a store finds only what it put there itself, and cannot tell whether it shares them'
  },
  { module: 'protons-runtime/dist/src/utils/float.js', names: ['d8b', 'f32', 'f64', 'f8b'], why: scratch },
  { module: 'queue-microtask/index.js', names: ['promise'], why: 'a promise that is resolved already' },
  { module: 'supports-color/index.js', names: ['flagForceColor'], why: 'what the environment says of colours in logs' },
  { module: 'to-regex-range/index.js', names: ['toRegexRange'], why: memo },
  { module: 'zod/v4/classic/errors.js', names: ['_installedErrorProtos'], why: 'which prototypes have their methods already' },
  { module: 'zod/v4/classic/schemas.js', names: ['core'], why: 'descriptions of schemas, by the schema' },
  { module: 'zod/v4/core/api.js', names: ['registries'], why: 'descriptions of schemas, by the schema' },
  { module: 'zod/v4/core/core.js', names: ['_E', '_zodDesc', 'globalConfig'], why: `${scratch}; nobody here configures it` },
  { module: 'zod/v4/core/errors.js', names: ['_installedToString', '_issuesDesc'], why: `${scratch}; which prototypes have their methods already` },
  { module: 'zod/v4/core/json-schema-processors.js', names: ['pendingRecords'], why: 'by the conversion that it is of' },
  {
    module: 'zod/v4/core/memoizer.js', names: ['handoff', 'open', 'recursive'],
    why: `set and taken within the synchronous part of one parse; ${memo}`
  },
  { module: 'zod/v4/core/util.js', names: ['broke', 'installing'], why: scratch }
]
