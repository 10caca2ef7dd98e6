/** Ends a sentence about an unknown key, parameter, group …: the known one that is meant, or all of them. */
export function suggest (name: string, known: readonly string[], noun: string): string {
  const near = nearest(name, known)
  return near === undefined ? listKnown(known, noun) : `did you mean "${near}"?`
}

export function listKnown (known: readonly string[], noun: string): string {
  if (known.length === 0) return `there are no ${noun}s`
  return known.length === 1 ? `the only ${noun} is "${known[0]}"` : `the ${noun}s are ${known.join(', ')}`
}

/** The known name closest to `name`, unless so many letters differ that it is another word. */
export function nearest (name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Infinity
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    const allowed = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3))
    if (distance <= allowed && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** How many letters must be added, removed, replaced or swapped with their neighbour. */
function editDistance (a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let least = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) least = Math.min(least, beforePrevious[column - 2]! + 1)
      current.push(least)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.length]!
}
