import { models } from '../models/index.ts'
import { samplesOf } from '../models/jobs.ts'
import { meanAbsolutePercentageError } from '../models/model.ts'
import type { InstanceContext } from '../context.ts'
import type { ModelName } from '../models/index.ts'
import type { Job, TableRow } from '../models/jobs.ts'

export interface Question {
  readonly job: Job
  readonly models: readonly ModelName[]
  /** What is learnt from. */
  readonly rows: readonly TableRow[]
  /** What is to be predicted, by the name of the target. */
  readonly targets: Readonly<Record<string, readonly TableRow[]>>
}

/** How far one model is off for one target. */
export interface PredictionError {
  readonly model: ModelName
  readonly target: string
  /** In percent; absent where there was nothing to learn from or to predict. */
  readonly mape?: number
}

/** Fits each model once, and lets other work of the instance go on between two of them. */
export async function predictionErrors (
  { clock }: InstanceContext, { job, models: names, rows, targets }: Question
): Promise<PredictionError[]> {
  const samples = samplesOf(job, rows)
  const asked = Object.entries(targets).map(([target, wanted]) => ({ target, samples: samplesOf(job, wanted) }))
  const errors: PredictionError[] = []

  for (const model of names) {
    await clock.sleep(0)
    const predict = samples.length === 0 ? undefined : models[model](samples)

    for (const { target, samples: wanted } of asked) {
      errors.push(predict == null || wanted.length === 0
        ? { model, target }
        : { model, target, mape: meanAbsolutePercentageError(predict, wanted) })
    }
  }

  return errors
}
