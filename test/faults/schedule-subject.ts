/** One user of a random schedule: what was done for them, and so what must be true of their connection. */

/** Keeps account of one user. */
export class Subject {
  readonly user: string;
  /** The first refresh tokens of all their grants. */
  readonly grants = new Set<string>();
  /** Access tokens that somebody was given for them. */
  readonly handedOut = new Set<string>();
  /** The first refresh tokens of the grants that a disconnect has certainly ended. */
  readonly ended: string[] = [];
  /** What did not hold while it happened. */
  readonly complaints: string[] = [];
  /** What happened, in order. */
  readonly story: string[] = [];
  /** The first refresh token of the latest grant. */
  latest = '';
  /** `undefined`: a change failed, or two overlapped, and nobody can know what is stored. */
  connected: boolean | undefined = false;
  #changing = 0;
  #mixed = false;

  constructor(user: string) {
    this.user = user;
  }

  /** Whether no connect and no disconnect is under way. */
  get isSettled(): boolean {
    return this.#changing === 0;
  }

  /** Notes a grant before anybody stores it. */
  granted(refreshToken: string): void {
    this.latest = refreshToken;
    this.grants.add(refreshToken);
  }

  /** Does a connect or a disconnect, which answers whether there is a connection then, if that can be known. */
  async change(work: () => Promise<boolean | undefined>): Promise<void> {
    this.#changing += 1;
    this.#mixed ||= this.#changing > 1;
    const connected = await work();
    this.connected = this.#mixed ? undefined : connected;
    this.#changing -= 1;
    if (this.#changing === 0) this.#mixed = false;
  }

  /** Notes what a disconnect answered, where it is known which grant it found. */
  disconnected(found: { readonly connected: boolean | undefined; readonly grant: string }, revoked?: string): void {
    if (found.connected !== true || this.#mixed) return;
    if (revoked === 'yes') this.ended.push(found.grant);
    else this.complaints.push(`a disconnect of what was connected answered "${revoked}"`);
  }
}
