/** Where the time of a request goes, as spans: told by the rooms as it happens, kept by whoever shows traces. */

/**
 * What a span says about itself: names after the semantic conventions of OpenTelemetry, or `valetkey.…`. Never a secret,
 * never a user; every label has few values.
 */
export type SpanLabels = Readonly<Record<string, string | number | boolean>>;

/** How a span begins. */
export interface SpanStart {
  readonly name: string;
  /** `client`: another program is asked. */
  readonly kind?: 'client';
  readonly labels?: SpanLabels;
  /** Only inside of another span: by itself it would be noise. */
  readonly inner?: boolean;
}

/** Takes note and never throws. Without a tracer nothing is told, and nothing costs. */
export interface Tracer {
  /**
   * Runs `work` inside a span; those that begin meanwhile are its children. The span ends as the work does; a rejection
   * marks it by the error's code, never by its words. `note` adds labels.
   */
  span<T>(start: SpanStart, work: (note: (labels: SpanLabels) => void) => Promise<T>): Promise<T>;
}
