/** The validation strategies that there are, for those who read their names from people. */
export const strategyNames = [
  'none', 'self-eager', 'self-lazy', 'peersdb', 'majority', 'quorum', 'reputation', 'cached', 'eigentrust', 'committee', 'spot-check'
] as const
