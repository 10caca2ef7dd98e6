/** A profile that is not there, cannot be read, is not of the form, or lacks a region or a cell. */
export class ProfileError extends Error {
  override name = 'ProfileError'
}
