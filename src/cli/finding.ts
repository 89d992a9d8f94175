/** What the doctor says about one thing that it has examined. */
export interface Finding {
  /** `note` is worth reading, `fault` does not work. */
  readonly kind: 'ok' | 'note' | 'fault';
  readonly about: string;
  readonly text: string;
}
