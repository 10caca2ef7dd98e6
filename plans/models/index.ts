import { boosting } from './boosting.ts'
import { fitErnest } from './ernest.ts'
import { fitLinear, fitLogLinear, fitMean, fitPolynomial } from './linear.ts'
import { optimistic } from './optimistic.ts'
import { selectBest } from './selection.ts'
import type { Fit } from './model.ts'

const gbm = boosting({ learningRate: 0.1, trees: 1000 })
const bom = optimistic({ scaleOut: fitPolynomial(3), inputs: fitLinear })
const ogb = optimistic({ scaleOut: boosting({ learningRate: 0.5, trees: 50 }), inputs: boosting({ learningRate: 0.05, trees: 300 }) })

/**
 * Models of the runtime of a job, by name: those of the C3O predictor (gbm: gradient boosting; bom and ogb: its optimistic models, basic
 * and with gradient boosting; c3o: that of bom, ogb, gbm and ernest which does best in cross-validation), and baselines.
 */
export const models = {
  ernest: fitErnest,
  gbm,
  bom,
  ogb,
  c3o: selectBest([bom, ogb, gbm, fitErnest]),
  mean: fitMean,
  linear: fitLinear,
  'log-linear': fitLogLinear
} as const satisfies Record<string, Fit>

export type ModelName = keyof typeof models

export const modelNames = Object.keys(models) as readonly ModelName[]
