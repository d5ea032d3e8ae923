// The one function of the package that we use; it ships no types.
declare module 'fs-native-extensions' {
  /**
   * Locks a range of an open file (`length` 0: up to the end of all files), exclusively. False: another open file
   * description holds it. On macOS only the whole file can be locked.
   */
  export function tryLock(fd: number, offset?: number, length?: number): boolean
}
