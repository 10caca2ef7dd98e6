/** For `catch`: undefined where there is no such file or folder; whatever else went wrong is thrown on. */
export function undefinedWhereAbsent (error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
}
