/** For the hot path, where an `async` function would cost one more promise. */

/** Calls `begin`; what it throws by itself becomes a rejection, as in an `async` function. */
export function rejecting<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}
