/** What the doctor says about one thing that it looked at. */
export interface Finding {
  /** `note` is worth reading, `fault` does not work. */
  readonly kind: 'ok' | 'note' | 'fault';
  readonly about: string;
  readonly text: string;
}
