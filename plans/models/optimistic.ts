import type { Fit, Predict, Sample } from './model.ts'

export interface OptimisticParts {
  /** Learns, from the number of machines alone, how the runtime falls with it. */
  readonly scaleOut: Fit
  /** Learns, from all other features, the runtime on the fewest machines. */
  readonly inputs: Fit
}

/**
 * A model that takes the speed-up by more machines and the influence of the inputs to be independent, so that the first can be learnt
 * from one input alone (Will et al., "C3O: Collaborative Cluster Configuration Optimization", 2021).
 */
export function optimistic ({ scaleOut, inputs }: OptimisticParts): Fit {
  return (samples) => {
    const speedup = fitSpeedup(scaleOut, samples)
    const projected = samples.map(({ features: [machines = 1, ...rest], runtimeSeconds }) =>
      ({ features: rest, runtimeSeconds: runtimeSeconds / speedup(machines) }))
    const onFewest = inputs(projected)
    return ([machines = 1, ...rest]) => speedup(machines) * onFewest(rest)
  }
}

/** The runtime on so many machines relative to that on the fewest that were seen; more than were seen count as the most. */
function fitSpeedup (scaleOut: Fit, samples: readonly Sample[]): (machines: number) => number {
  const group = largestGroup(samples).map(({ features: [machines = 1], runtimeSeconds }) => ({ features: [machines], runtimeSeconds }))
  const seen = group.map(({ features: [machines = 1] }) => machines)
  const predict: Predict = scaleOut(group)
  const most = Math.max(...seen)
  const onFewest = predict([Math.min(...seen)])
  return (machines) => predict([Math.min(machines, most)]) / onFewest
}

/** The largest group of samples that differ in nothing but the number of machines; of equally large ones that with the largest features. */
function largestGroup (samples: readonly Sample[]): Sample[] {
  const groups = [...Map.groupBy(samples, ({ features }) => JSON.stringify(features.slice(1))).values()]
  return groups.reduce((best, group) => group.length > best.length || (group.length === best.length && isAfter(group, best)) ? group : best)
}

function isAfter (group: readonly Sample[], other: readonly Sample[]): boolean {
  const [a, b] = [group, other].map(([first]) => first?.features.slice(1) ?? []) as [number[], number[]]
  const difference = a.map((value, i) => value - (b[i] ?? 0)).find((value) => value !== 0) ?? 0
  return difference > 0
}
