/** Signals while the program loads: the first process of a container gets only signals that it listens for. */

/** The signals that end a service. */
export const endingSignals = ['SIGTERM', 'SIGINT'] as const;

/** After a signal, a start may take this long, ms; then the process ends. */
const patienceMs = 5_000;

let isAsked = false;
let giveUp: NodeJS.Timeout | undefined;

/** From now on a signal is kept until {@link takeEarlySignal} is called; if that takes too long, the process ends. */
export function keepEarlySignal(): void {
  for (const signal of endingSignals) process.on(signal, onSignal);
}

/** Whether there was a signal. The caller handles later ones. */
export function takeEarlySignal(): boolean {
  for (const signal of endingSignals) process.off(signal, onSignal);
  clearTimeout(giveUp);
  const wasAsked = isAsked;
  isAsked = false;
  return wasAsked;
}

function onSignal(): void {
  if (isAsked) process.exit(1);
  isAsked = true;
  giveUp = setTimeout(() => process.exit(1), patienceMs).unref();
}
