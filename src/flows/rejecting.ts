/** Promises of the hot path, where an `async` function would be one more to wait for. */

/** Begins what answers by a promise; what it throws before that is a rejection, too. */
export function rejecting<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}
