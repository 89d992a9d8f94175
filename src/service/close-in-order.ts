/** Closes what a program is made of: a part that cannot be closed leaves none of the others open. */

/**
 * One step after the other, each whatever became of those before it.
 *
 * @throws what the first step that failed threw, when all have ended
 */
export async function closeInOrder(steps: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
