/**
 * The generated corpora that have a name, and how many contributions each has.
 *
 * `small` and `medium` are 10 and 50 of the 206 jobs of `paper` on all 18 machine types, three runs each. `paper` has them all and one
 * archive of C3O-like tables, as many as the paper's experiments posted; `multi-node` has 1,242 records of 19,602 files.
 */
export const presets = { small: 540, medium: 2_700, paper: 11_125, 'multi-node': 1_242 } as const

export type Preset = keyof typeof presets

export const presetNames = Object.keys(presets) as readonly Preset[]

export function isPreset (name: string): name is Preset {
  return Object.hasOwn(presets, name)
}
